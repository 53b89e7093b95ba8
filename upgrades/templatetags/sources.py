"""Whose rule a verdict stands on, in the reader's language."""

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.rules import Reason, sources

register = template.Library()

_WORDS = _("Source: %(name)s")
# By the keys of rules/sources.py.
SOURCES: Mapping[str, str | Promise] = {
    "ours": _("ocpdash's own rule"),
    "ocp_upgrade_page": _("OCP manual V4.2.2, “Upgrade the cluster version”"),
    "ocp_best_practices": _("OCP manual V4.2.2, O&M best practices, “Upgrade an OB cluster”"),
    "ocp_packages_api": _("OCP manual V4.2.2, API reference, software packages"),
    "ocp_clusters_api": _("OCP manual V4.2.2, API reference, “Query clusters”"),
    "ocp_error": _("OCP manual V4.2.2, error codes, %(code)s"),
    "oceanbase_graph_file": _("OceanBase, oceanbase_upgrade_dep.yml"),
    "path_file": _("%(code)s, in force at this OCP"),
    "oceanbase_checker": _("OceanBase, tools/upgrade/upgrade_checker.py"),
    "oceanbase_manual_43": _("OceanBase manual V4.3, upgrades"),
}


@register.filter
def source(reason: Reason) -> str:
    """Where the rule behind a verdict stands, as "Source: …"; "" for a reason that is no verdict of a path."""
    key, _colon, code = sources.source_of(reason).partition(":")
    return str(_WORDS) % {"name": str(SOURCES[key]) % {"code": code}} if key else ""
