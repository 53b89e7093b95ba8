"""The RPMs in the look-alike's repository.

Some upgrades lack the package of a hop, some packages are of another architecture or operating system, and
OCP's agent and a proxy lie about as they do in a real repository.
"""

import hashlib
from datetime import datetime

from upgrades.simulator.clock import OCP_ZONE
from upgrades.simulator.records import Package

OBSERVER = "OB_SERVER_INSTALL_PACKAGE"

BUILDS = {
    "2.2.73": "20201211175814",
    "2.2.74": "20201230114520",
    "2.2.75": "20210108170301",
    "2.2.76": "20210219154519",
    "2.2.77": "20210522122736",
    "3.1.0": "20210412122703",
    "3.1.2": "20220106162311",
    "3.1.3": "20220523105820",
    "4.1.0.1": "102000042023061314",
    "4.1.0.2": "103000042023092714",
    "4.2.0.0": "100010032023083021",
    "4.2.1.0": "100000102023092807",
    "4.2.1.1": "101000062023110109",
    "4.2.1.2": "102000042023120514",
    "4.2.1.8": "108000022024072217",
    "4.3.0.1": "100000242024032211",
    "4.3.2.0": "100000262024061414",
    "4.3.3.0": "100000142024101215",
}
_NEWER_2277 = "20220412152309"

# name, version, build, operating system, architecture, type
_OTHERS = (
    ("oceanbase", "2.2.77", _NEWER_2277, "el7", "x86_64", OBSERVER),
    ("oceanbase", "3.1.3", BUILDS["3.1.3"], "alios7", "x86_64", OBSERVER),
    ("oceanbase", "4.2.1.8", BUILDS["4.2.1.8"], "el8", "x86_64", OBSERVER),
    ("oceanbase", "4.1.0.2", BUILDS["4.1.0.2"], "el7", "aarch64", OBSERVER),
    ("oceanbase", "4.2.0.0", BUILDS["4.2.0.0"], "el7", "aarch64", OBSERVER),
    ("oceanbase", "4.2.1.2", BUILDS["4.2.1.2"], "el7", "aarch64", OBSERVER),
    ("oceanbase-ce", "4.2.1.1", BUILDS["4.2.1.1"], "el7", "x86_64", OBSERVER),
    ("t-oceanbase-ocp-agent", "4.2.2", "20240315150922", "el7", "x86_64", "OCP_AGENT_INSTALL_PACKAGE"),
    ("obproxy", "4.2.1.0", "2023092816", "el7", "x86_64", "OBPROXY_INSTALL_PACKAGE"),
)


def built_at(build: str) -> datetime:
    """Return when a build was made: 14-digit builds are a moment, 18-digit ones end in date and hour."""
    if len(build) == 14:
        return datetime.strptime(build, "%Y%m%d%H%M%S").replace(tzinfo=OCP_ZONE)
    return datetime.strptime(build[-10:], "%Y%m%d%H").replace(tzinfo=OCP_ZONE)


def raw_version(version: str, build: str) -> str:
    """Return the version as an observer reports it: `version_build-commit(moment)`."""
    commit = hashlib.sha1(f"{version}-{build}".encode(), usedforsecurity=False).hexdigest()
    moment = built_at(build)
    return f"{version}_{build}-{commit}({moment:%b %d %Y %H:%M:%S})"


def stock() -> list[Package]:
    """Return the packages of the demo, in the order they were uploaded."""
    plain = [("oceanbase", version, build, "el7", "x86_64", OBSERVER) for version, build in BUILDS.items()]
    rows = sorted((*plain, *_OTHERS), key=lambda row: built_at(row[2]))
    return [_package(10 + 2 * index, row) for index, row in enumerate(rows)]


def _package(package_id: int, row: tuple[str, str, str, str, str, str]) -> Package:
    name, version, build, operating_system, architecture, type_name = row
    digest = hashlib.sha1("/".join(row).encode(), usedforsecurity=False)
    size = (48 if type_name == OBSERVER else 28) * 1_000_000 + int(digest.hexdigest()[:6], 16)
    uploaded_at = built_at(build).timestamp() + 21 * 86_400 + 37 * package_id
    return Package(
        id=package_id,
        name=name,
        version=version,
        build=build,
        operating_system=operating_system,
        architecture=architecture,
        type=type_name,
        size=size,
        sha1=digest.hexdigest(),
        created_at=uploaded_at,
    )
