"""A Reason's sentence, in the reader's language. Codes are stored, sentences are made when they are shown."""

import unicodedata
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.rules import Reason

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})

SENTENCES: Mapping[str, str | Promise] = {
    # people and signing in
    "sign_in.wrong": _("Username and password do not fit together. Nobody is told which of them is wrong."),
    "sign_in.too_many": _("Too many tries that failed. Try again in %(minutes)s minutes."),
    "sign_in.cannot_count": _("Signing in is not possible now: ocpdash cannot reach Redis to count tries."),
    "user.needs_admin": _("Only an admin of all environments may change people."),
    "user.username_taken": _("The username %(username)s is taken."),
    "user.unknown_grant": _("There is no role %(role)s for the environment %(environment)s."),
    "user.last_admin": _("This is the last admin of all environments: make another one first."),
    "user.already_so": _("Somebody did this for %(username)s already."),
    "user.is_inactive": _("%(username)s is deactivated."),
    "user.link_is_dead": _("This link no longer works: it was used, ran out, or a newer password was set."),
    # reading OCP
    "ocp.not_sent": _("OCP could not be reached: its name, the connection or TLS failed. Nothing was sent."),
    "ocp.deadline_passed": _("OCP did not answer in time."),
    "ocp.connection_lost": _("The connection broke before the answer was whole."),
    "ocp.bad_answer": _("OCP's answer made no sense, was cut, or was too large."),
    "ocp.redirected": _("OCP, or something before it, sent us elsewhere (%(http_status)s). That is never followed."),
    "ocp.unauthorized": _("OCP does not accept our sign-in (401)."),
    "ocp.forbidden": _("OCP says that our account lacks the right for this (403)."),
    "ocp.not_found": _("OCP does not know what was asked for (404)."),
    "ocp.rate_limited": _("OCP asked for fewer requests (429). Nothing is asked until %(until)s."),
    "ocp.refused": _("OCP refused the request (%(http_status)s %(code)s)."),
    "ocp.server_error": _("OCP failed on its own side (%(http_status)s)."),
    "ocp.error": _("OCP could not be read."),
    "endpoint.not_configured": _("No OCP is named: set OCP_URL, OCP_USERNAME and OCP_PASSWORD."),
    "endpoint.unusable": _("OCP cannot be used as it is named: %(detail)s"),
    "endpoint.run_open": _("Address and account of %(name)s stay as they are while a run is open there."),
    "endpoint.not_described": _("The environment names another OCP or account than %(name)s: nothing is asked there."),
    # clusters
    "cluster.not_admin": _("Only an admin of both environments may move a cluster from one to the other."),
    "cluster.environment_unknown": _("There is no such environment."),
    "cluster.taken": _("A change request has this cluster. Its approvers are those of the environment as it is now."),
    "cluster.another_under_its_id": _("OCP shows another OceanBase cluster under the id that was %(name)s."),
    "cluster.version_unknown": _("OCP does not say which version runs."),
    "cluster.version_unreadable": _("The version that runs, %(version)s, is not one that can be compared."),
    "cluster.server_version_unknown": _("%(count)s servers do not say which version they run."),
    "cluster.versions_differ": _("Its servers run different versions: %(versions)s."),
    "cluster.version_disagrees": _("OCP's list says %(cluster)s, the servers say %(servers)s."),
    "cluster.architecture_unknown": _("OCP does not say the architecture of this cluster: compare it yourself."),
    "cluster.operating_system_unknown": _("OCP does not say the operating system of its hosts: compare it yourself."),
    "cluster.product_unknown": _("OCP does not say whether this is oceanbase or oceanbase-ce: compare it yourself."),
    "cluster.build_unknown": _("The build of %(version)s that runs is not known."),
    "cluster.servers_unread": _("Its servers have not been read yet."),
    "cluster.few_zones": _("It has %(count)s zones. A rolling upgrade without an interruption needs 3."),
    # packages and paths
    "package.wrong_type": _("This is no package of OceanBase itself (%(type)s)."),
    "package.other_product": _("The package is %(package)s, the cluster runs %(cluster)s."),
    "package.unknown_product": _("%(package)s is no product that ocpdash knows how to upgrade."),
    "package.other_architecture": _("The package is for %(package)s, the cluster is %(cluster)s."),
    "package.other_operating_system": _("The package is for %(package)s, the hosts run %(cluster)s."),
    "package.unreadable": _("The version of this package is not one that can be compared."),
    "package.sha1_unknown": _("OCP shows no sha1 for %(file_name)s, so nobody could sign what would run."),
    "package.unknown": _("OCP's repository has no package %(file_name)s."),
    "version.unreadable": _("%(version)s is not a version that can be compared."),
    "path.already_there": _("The cluster runs %(version)s already."),
    "path.not_upward": _("%(target)s is older than %(source)s. OceanBase is upgraded upwards only."),
    "path.build_unknown": _("The way depends on the build, and the build of %(version)s is not known."),
    "path.wall": _("OceanBase cannot go from before %(wall)s to %(target)s in place. Nobody can override this."),
    "path.target_deprecated": _("%(target)s is deprecated: OceanBase withdrew it as a target."),
    "path.none": _("No upgrade path is known from %(source)s to %(target)s."),
    "path.package_missing": _(
        "The package of a hop is missing: %(version)s for %(architecture)s, %(operating_system)s. Upload it in OCP."
    ),
    "path.beyond_graph": _("%(version)s is newer than the published upgrade graph; OCP decides when it is asked."),
    # following, verifying and what comes after the end
    "unreadable.vanished": _("OCP no longer knows task %(task_id)s (404). That is no failure: look into OCP."),
    "unreadable.other_cluster": _("Under the number %(task_id)s OCP shows a task of another cluster, %(cluster_id)s."),
    "unreadable.other_task": _("Under the number %(task_id)s OCP shows a task that was created at another time."),
    "unreadable.unexpected": _("ocpdash itself failed while it read this run (%(error)s); its log says more."),
    "run.ocp_says": _("OCP says %(status)s, operation %(operation)s."),
    "run.child_bound": _("OCP's task %(task_id)s is the child of hop %(hop)s."),
    "alarm.moved_after_end": _("OCP's task %(task_id)s runs again, though this run was %(status)s already."),
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
    "hold.clusters_at_rest": _("OCP shows every cluster RUNNING, one version on its servers, and no upgrade running."),
}


def sentence(reason: Reason) -> str:
    """The sentence of `reason`, as text to be escaped; a code without one is shown as it is, never hidden."""
    words = SENTENCES.get(reason.code)
    if words is None:
        return reason.code
    return str(words) % _Shown({name: _shown(value) for name, value in reason.params.items()})


class _Shown(dict[str, str]):
    """Parameters of a sentence. An old row may lack one that the sentence has learned since."""

    def __missing__(self, name: str) -> str:
        return "?"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_shown(item) for item in value)
    # Names come from outside: what would turn or hide the text round it is shown as its number.
    return "".join(char if unicodedata.category(char) not in _UNSEEN else f"\\u{ord(char):04x}" for char in str(value))
