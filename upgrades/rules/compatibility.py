"""Which OceanBase an OCP can upgrade, by OCP's own version.

Source: OCP manual V4.2.2, O&M best practices, "Upgrade an OB cluster": the table of versions (below 4.0 by any OCP,
4.0 and 4.1 by OCP 4.0 on, 4.2 and later by OCP 4.2 on), and its note that OCP V4.0.0 to V4.0.2 upgrades within V4.0
alone, V4.0.3 and later all of 4.x.
"""

from __future__ import annotations

import re

from upgrades.rules.versions import line, version_key

Version = tuple[int, int, int]

# As GET /info shows it: 4.2.2-20240315150922, 2.5.0-SNAPSHOT.
_OCP_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?![0-9])")
_KNOWS_4_0: Version = (4, 0, 0)
_LEAVES_4_0: Version = (4, 0, 3)
_KNOWS_4_2: Version = (4, 2, 0)


def ocp_version_key(text: str) -> Version | None:
    """Return OCP's version as numbers, None where the text does not begin with one."""
    found = _OCP_VERSION.match(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def ocp_needed(ocp_version: str, source: str, target: str) -> str | None:
    """Return the oldest OCP that can upgrade from `source` to `target` where this one is older, "" where it can.

    None where the version of this OCP would matter and is not told. Versions that cannot be read are nothing to
    judge: "".
    """
    try:
        needed = _needed(source, target)
    except ValueError:
        return ""
    if needed is None:
        return ""
    shown = ocp_version_key(ocp_version)
    if shown is None:
        return None
    return "" if shown >= needed else "{}.{}.{}".format(*needed)


def _needed(source: str, target: str) -> Version | None:
    if version_key(target) < version_key("4.0.0.0"):
        return None
    if version_key(target)[:2] >= _KNOWS_4_2[:2]:
        return _KNOWS_4_2
    return _KNOWS_4_0 if line(source)[:2] == line(target)[:2] == (4, 0) else _LEAVES_4_0
