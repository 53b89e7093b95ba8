"""Packages of a repository, and which of them a hop takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from upgrades.rules.routes import Step
from upgrades.rules.stops import Graph
from upgrades.rules.versions import version_key


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """A package of OCP's repository, as OCP lists it."""

    name: str
    file_name: str
    version: str
    build: str
    operating_system: str
    architecture: str
    sha1: str
    type: str


Kind = tuple[str, str, str, str]
"""What packages that belong together have in common: type, name, architecture, operating system."""


def package_for(graph: Graph, step: Step, kind: Kind, packages: Sequence[PackageFacts]) -> PackageFacts | None:
    """Return the package of this kind with the newest build for a stop on the way.

    A build that the vendor withdrew is nobody's stop, unless the graph itself leads over that very build.
    """
    fitting = [
        package
        for package in packages
        if kind_of(package) == kind
        and package.build
        and is_readable(package.version, package.build)
        and _is_for(step, package)
        and (package.build == step.build or not graph.is_deprecated(package.version, package.build))
    ]
    return max(fitting, key=lambda package: (int(package.build), package.file_name), default=None)


def _is_for(step: Step, package: PackageFacts) -> bool:
    wanted, found = version_key(step.version, step.build), version_key(package.version, package.build)
    return found[:4] == wanted[:4] and found >= wanted


def kind_of(package: PackageFacts) -> Kind:
    """Return what packages of one path have in common."""
    return (package.type, package.name, package.architecture, package.operating_system)


def is_readable(version: str, build: str) -> bool:
    """Whether version and build can be compared."""
    try:
        version_key(version, build)
    except ValueError:
        return False
    return True
