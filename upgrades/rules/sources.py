"""Where each rule of a verdict comes from: the vendor's page, or ocpdash itself. templatetags/sources.py names them."""

from __future__ import annotations

from collections.abc import Mapping

from upgrades.rules import Reason

# Keys of sources; the same words as in templatetags. Behind a colon stands the code of an error, or a file's name.
OURS = "ours"
_UPGRADE_PAGE = "ocp_upgrade_page"
_BEST_PRACTICES = "ocp_best_practices"
_PACKAGES_API = "ocp_packages_api"
_CLUSTERS_API = "ocp_clusters_api"
_GRAPH_FILE = "oceanbase_graph_file"
_CHECKER = "oceanbase_checker"

_SOURCES: Mapping[str, str] = {
    "package.wrong_type": _PACKAGES_API,
    "package.other_product": _BEST_PRACTICES,
    "package.unknown_product": OURS,
    "package.other_architecture": "ocp_error:OBE11067",
    "package.other_operating_system": _BEST_PRACTICES,
    "package.unreadable": _PACKAGES_API,
    "package.sha1_unknown": OURS,
    "package.unknown": "ocp_error:PKG10014",
    "cluster.version_unknown": OURS,
    "cluster.version_unreadable": OURS,
    "cluster.server_version_unknown": OURS,
    "cluster.versions_differ": _CHECKER,
    "cluster.version_disagrees": OURS,
    "cluster.architecture_unknown": _CLUSTERS_API,
    "cluster.operating_system_unknown": _CLUSTERS_API,
    "cluster.product_unknown": _CLUSTERS_API,
    "cluster.build_unknown": _CLUSTERS_API,
    "cluster.servers_unread": OURS,
    "cluster.few_zones": _UPGRADE_PAGE,
    # A plan binds one package a hop: what a second architecture would get, nobody signs.
    "cluster.architectures_differ": OURS,
    "version.unreadable": _PACKAGES_API,
    "path.already_there": "ocp_error:OBE11082",
    "path.not_upward": _UPGRADE_PAGE,
    "path.build_unknown": _GRAPH_FILE,
    "path.target_deprecated": _GRAPH_FILE,
    "path.none": "ocp_error:OBE11063",
    "path.package_missing": _BEST_PRACTICES,
    "path.ocp_too_old": _BEST_PRACTICES,
    "path.ocp_version_unknown": _BEST_PRACTICES,
    "path.beyond_graph": _GRAPH_FILE,
    "path.beyond_file": _GRAPH_FILE,
}
_WALLS: Mapping[str, str] = {"4.0": _UPGRADE_PAGE, "4.3": "oceanbase_manual_43"}


def source_of(reason: Reason) -> str:
    """Return the key of the source of a verdict's reason, "" for a reason that is no verdict of a path.

    What rests on an uploaded file has that file as its source.
    """
    if reason.params.get("file"):
        return f"path_file:{reason.params['file']}"
    if reason.code == "path.wall":
        return _WALLS.get(str(reason.params.get("wall")), _UPGRADE_PAGE)
    return _SOURCES.get(reason.code, "")
