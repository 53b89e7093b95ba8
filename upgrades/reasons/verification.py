"""Sentences of rules.verification: what the servers show beside the plan."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERIFICATION: Mapping[str, str | Promise] = {
    "verify.disagrees": _("OCP says successful; %(count)s findings say otherwise."),
    "verify.cluster_status": _("%(cluster)s is %(status)s."),
    "verify.status_unread": _("OCP does not show %(cluster)s, so its status is not known."),
    "verify.servers_unread": _("The servers of %(cluster)s could not be read."),
    "verify.server_missing": _("%(address)s of %(cluster)s stands in the plan, and OCP no longer shows it."),
    "verify.server_version": _(
        "%(address)s of %(cluster)s runs %(version)s-%(build)s; the plan says %(wanted_version)s-%(wanted_build)s."
    ),
    "verify.server_unread": _("OCP does not say which version and build %(address)s of %(cluster)s runs."),
    "verify.min_observer_version": _(
        "min_observer_version of %(cluster)s is %(values)s; the plan says %(wanted_version)s."
    ),
    "verify.min_observer_version_unread": _("min_observer_version of %(cluster)s could not be read: not judged."),
    "verify.compatible": _("compatible of %(cluster)s is %(values)s; before the upgrade it was %(before)s."),
    "verify.compatible_unread": _("compatible of %(cluster)s could not be read: not judged."),
    "verify.compatible_of_standby": _("compatible of standby %(cluster)s is %(values)s: it follows later, not judged."),
}
