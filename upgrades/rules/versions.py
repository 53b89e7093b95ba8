"""Versions, builds and names of RPM packages: read and put in order. Never compared as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_FILE_NAME = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*?)-(?P<version>[0-9]{1,9}(?:\.[0-9]{1,9}){2,3})-(?P<build>[0-9]{1,20})"
    r"\.(?P<operating_system>[a-z]+[0-9]*)\.(?P<architecture>x86_64|aarch64)\.rpm"
)
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){2,3}")
_BUILD = re.compile(r"[0-9]{1,20}")
_LONGEST_FILE_NAME = 255


@dataclass(frozen=True, slots=True)
class PackageName:
    """What the file name of an RPM says, e.g. oceanbase / 4.2.1.1 / 101000062023110109 / el7 / x86_64."""

    name: str
    version: str
    build: str
    operating_system: str
    architecture: str


def parse_file_name(text: str) -> PackageName:
    """Return the parts of `{name}-{version}-{build}.{os}.{arch}.rpm`.

    The name may hold hyphens (oceanbase-ce), so the parts are told from the right.
    Form as seen in OCP's API reference, 700.software-package. Raises ValueError for any other text.
    """
    match = _FILE_NAME.fullmatch(text) if len(text) <= _LONGEST_FILE_NAME else None
    if match is None:
        raise ValueError("Not the file name of an OceanBase RPM package.")
    return PackageName(**match.groupdict())


@lru_cache(maxsize=4096)
def version_key(version: str, build: str = "") -> tuple[int, int, int, int, int]:
    """Return what versions are ordered by: four numbers and the build, as numbers.

    3.1.2 counts as 3.1.2.0. An unknown build ("") sorts before every build of its version; who must tell two
    builds apart asks first whether both are known. Raises ValueError where version or build cannot be read.
    """
    if not _VERSION.fullmatch(version):
        raise ValueError("A version has three or four numbers, such as 4.2.1.8.")
    if build and not _BUILD.fullmatch(build):
        raise ValueError("A build is a number, such as 101000062023110109.")
    first, second, third, fourth = [*(int(part) for part in version.split(".")), 0][:4]
    return (first, second, third, fourth, int(build) if build else -1)


def line(version: str) -> tuple[int, int, int]:
    """Return the line A.B.C that a version belongs to. Raises ValueError where it cannot be read."""
    return version_key(version)[:3]


def name_key(name: str) -> tuple[int, int, int, int, int]:
    """Return the version_key() of what full() wrote: names are the same where it is, however they are spelled.

    Raises ValueError where the name cannot be read.
    """
    version, _, build = name.partition("-")
    return version_key(version, build)


def full(version: str, build: str = "") -> str:
    """Return `version-build`, as OCP writes it on an upgrade path, or the version alone."""
    return f"{version}-{build}" if build else version
