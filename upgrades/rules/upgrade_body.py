"""What the body of the upgrade POST says besides the package: which form of it an endpoint's OCP takes.

Source: OCP's manual. To some 4.3.x the file name alone; the page of a later 4.3.x (doc 2169663) requires upgradeMode,
destVersion and operatingSystem as well, and knows freezeServer and zoneOrder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

BodyOption = str | int | bool | list[str]


class BodyForm(StrEnum):
    """The two documented forms."""

    FILE_NAME = "file_name"
    EXTENDED = "extended"


def options(
    form: str, *, version: str, build: str, operating_system: str, zone_names: Iterable[str]
) -> dict[str, BodyOption]:
    """Return what the body says besides rpmFileName; {} in the older form.

    version, build, operating_system: the target package's. zone_names: of the primary cluster's servers; they are
    upgraded in the order of their names, so that the order is known when the plan is signed. Where the zone of a
    server is not known there is no zoneOrder, and OCP chooses.
    Raises ValueError for another form, or where the target lacks what the body must say.
    """
    if BodyForm(form) is BodyForm.FILE_NAME:
        return {}
    if not (version and build and operating_system):
        raise ValueError("The extended body names version, build and operating system of the package.")
    zones = sorted(set(zone_names))
    order: dict[str, BodyOption] = {"zoneOrder": zones} if zones and all(zones) else {}
    # ROLLING is the one mode whose name is documented, and what the plan promises: zone by zone.
    return {
        "upgradeMode": "ROLLING",
        "destVersion": f"{version}-{build}",
        "operatingSystem": operating_system,
        "freezeServer": False,
        **order,
    }


def contradiction(body: Mapping[str, Any], target: Mapping[str, Any]) -> str | None:
    """Return how a plan's body contradicts its target, None where it does not."""
    if body.get("rpmFileName") != target["file_name"]:
        return "The body of the plan names another package than its target."
    if "destVersion" in body and body["destVersion"] != f"{target['version']}-{target['build']}":
        return "The body of the plan names another version than its target."
    return None
