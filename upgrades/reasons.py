"""A Reason's sentence, in the reader's language. Codes are stored, sentences are made when they are shown."""

import unicodedata
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.rules import Reason
from upgrades.templatetags.ocpdash import STATUS_WORDS

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})

SENTENCES: Mapping[str, str | Promise] = {
    # people and signing in
    "sign_in.wrong": _("Username and password do not fit together. Nobody is told which of them is wrong."),
    "sign_in.too_many": _("Too many tries that failed. Try again in %(minutes)s minutes."),
    "sign_in.cannot_count": _("Signing in is not possible now: ocpdash cannot reach Redis to count tries."),
    "user.needs_admin": _("Only an admin of all environments may change people."),
    "user.username_taken": _("The username %(username)s is taken."),
    "user.unknown_grant": _("There is no role %(role)s for the environment %(environment)s."),
    "user.unknown_time_zone": _("There is no such time zone. Choose one from the list."),
    "user.wrong_password": _("This is not your password."),
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
    "ocp.quota_used_up": _("OCP takes no more requests from our account for now. Nothing is asked until %(until)s."),
    "ocp.refused": _("OCP refused the request (%(http_status)s %(code)s)."),
    "ocp.server_error": _("OCP failed on its own side (%(http_status)s)."),
    "ocp.error": _("OCP could not be read."),
    "endpoint.unusable": _("OCP cannot be used as it is named: %(detail)s"),
    "endpoint.run_open": _("%(name)s keeps its address and account, and stays on, while a run is open there."),
    "test.too_soon": _("It was tried a moment ago. Wait %(seconds)s s: OCP locks an account that tries too often."),
    "test.not_tried": _("Not tried, after what came of the above."),
    "test.upgrade_not_tried": _("Not tried: it would begin an upgrade. The account needs OCP's role CLUSTER_MANAGER."),
    "test.clock_agrees": _("Reached. OCP's clock is %(seconds)s s from ours."),
    "test.clock_differs": _("OCP's clock is %(seconds)s s from ours: set both by NTP. Access keys fail from 900 s on."),
    "test.signed_in": _("OCP %(version)s takes our sign-in."),
    "test.read": _("Read: %(count)s."),
    "test.no_clusters": _("OCP shows no cluster: give the account CLUSTER_VIEWER for those that ocpdash is to drive."),
    "test.not_reached": _("%(detail)s Check address, port, firewall; with https, certificate and authority."),
    "test.unauthorized": _("OCP refuses account or secret (401). Enter them anew; do not guess, OCP locks accounts."),
    "test.forbidden": _("The account lacks a right (403): give it %(right)s in OCP."),
    "test.no_ocp": _("OCP itself is not at this address (404, or sent elsewhere): check scheme, port and path."),
    "test.bad_answer": _("The answer is not OCP's, or was cut: check that no proxy or portal stands at this address."),
    "test.too_slow": _("No answer within %(seconds)s s, or a 429: OCP is overloaded, or a firewall drops packets."),
    "endpoint.key_in_ca": _("This holds a private key: enter the authority's certificates alone."),
    "endpoint.needs_admin": _("Only an admin of all environments may change endpoints."),
    "endpoint.address_taken": _("Another endpoint has this address already."),
    "endpoint.name_taken": _("The name %(name)s is taken."),
    "endpoint.secret_missing": _("The stored secret goes with another account or key: enter the one of this one."),
    "endpoint.saved_meanwhile": _("Somebody saved %(name)s while you edited it. Compare, then save once more."),
    "endpoint.already_so": _("Somebody did this for %(name)s already."),
    "endpoint.worker_silent": _("OCP did not fail: our own Celery worker is silent. See whether it runs."),
    "endpoint.is_off": _("%(name)s is switched off: nothing is asked there."),
    "endpoint.ca_gone": _("The CA file of %(name)s, %(path)s, cannot be read: put it back, or store the CA's text."),
    "endpoint.breaker_open": _("%(name)s refused our sign-in: nothing is asked until its credentials are new."),
    "endpoint.credentials_missing": _("No credentials are stored for %(name)s: an admin has to enter them."),
    "endpoint.credentials_unreadable": _("No key opens the credentials of %(name)s: put it back, or enter them anew."),
    "endpoint.credentials_elsewhere": _("%(name)s has credentials of another address or account: enter them anew."),
    # clusters
    "cluster.not_admin": _("Only an admin of both environments may move a cluster from one to the other."),
    "cluster.not_operator": _("Only operators of its environment may set owner and labels of a cluster."),
    "cluster.owner_too_long": _("At most %(limit)s characters name an owner."),
    "cluster.labels_too_many": _("At most %(limit)s labels fit on a cluster."),
    "cluster.label_too_long": _("At most %(limit)s characters fit in a label."),
    "cluster.word_unseen": _("This holds a character that nobody can see. Type it again."),
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
    "cluster.few_zones": _("Zones: %(count)s. An upgrade that rolls without an interruption needs 3."),
    # packages and paths
    "package.wrong_type": _("This is no package of OceanBase itself (%(type)s)."),
    "package.other_product": _("The package is %(package)s, the cluster runs %(cluster)s."),
    "package.unknown_product": _("%(package)s is no product that ocpdash knows how to upgrade."),
    "package.other_architecture": _("The package is for %(package)s, the cluster is %(cluster)s."),
    "package.other_operating_system": _("The package is for %(package)s, the hosts run %(cluster)s."),
    "package.unreadable": _("The version of this package is not one that can be compared."),
    "package.system_unknown": _("OCP names no operating system for %(file_name)s, and must be told one."),
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
    # path files
    "path_file.needs_admin": _("Only an admin of all environments may change path files."),
    "path_file.there_already": _("This very file is kept already (sha256 %(sha256)s…). Put that one in force."),
    "path_file.other_in_force": _("Another path file came into force meanwhile. Look at what it would change now."),
    "path_file.not_in_force": _("This path file is not in force."),
    "path_file.no_text": _("Choose a file or paste its text."),
    "path_file.not_utf8": _("The file is not text in UTF-8."),
    "path_file.empty": _("The file says nothing: expected a list of versions."),
    "path_file.too_large": _("The file is too large: at most %(limit)s KiB."),
    "path_file.too_deep": _("Line %(line)s, column %(column)s: nested deeper than a path file ever is."),
    "path_file.too_many": _("Line %(line)s, column %(column)s: too many entries, at most %(limit)s."),
    "path_file.not_plain": _("Line %(line)s, column %(column)s: anchors, aliases and tags are not read. Write it out."),
    "path_file.not_yaml": _("Line %(line)s, column %(column)s: this is no YAML (%(problem)s)."),
    "path_file.wrong_shape": _("Line %(line)s, column %(column)s: expected %(expected)s, found %(found)s."),
    "path_file.key_unknown": _("Line %(line)s, column %(column)s: %(key)s is unknown. Known are: %(known)s."),
    "path_file.key_twice": _("Line %(line)s, column %(column)s: %(key)s stands here twice."),
    "path_file.version_missing": _("Line %(line)s, column %(column)s: this entry has no version."),
    "path_file.version_twice": _("Line %(line)s: %(version)s stands in the file already, at line %(first)s."),
    "path_file.two_conditions": _("Line %(line)s, column %(column)s: there may be only one of the two conditions."),
    # rights, statuses, forms
    "person.inactive": _("This account is deactivated."),
    "move.not_permitted": _("Your roles do not allow it here: it takes %(by)s."),
    "move.wrong_status": _("The status is “%(status)s” now, and does not allow this."),
    "move.lost_race": _("Somebody, or ocpdash itself, was quicker. Look at it as it is now."),
    "form.older": _("Somebody wrote to it after this form was opened. Look at it as it is now."),
    "form.purpose_missing": _("Write why: whoever decides reads it first."),
    "form.purpose_too_long": _("At most %(limit)s characters fit here."),
    "form.comment_missing": _("Say what must change, or why not: sending back and rejecting need it."),
    "form.comment_too_long": _("At most %(limit)s characters fit here."),
    "form.verdict_unknown": _("Approve, send back or reject: nothing else is a vote."),
    "form.not_understood": _("Tick that there is no way back. Nothing was started."),
    "form.evidence_not_read": _("Tick that you looked at this evidence. Nothing was confirmed."),
    "form.kind_unknown": _("There is no such decision."),
    "form.task_unknown": _("This task is not among those seen in OCP."),
    # change requests and votes
    "change_request.other_plan": _("The plan is another one than was shown. Look at it as it is now."),
    "change_request.approval_ran_out": _("The approval has run out."),
    "change_request.cluster_taken": _("%(number)s has this cluster: one request at a time may be past its draft."),
    "change_request.unchanged_since_sent_back": _("It was sent back: it is changed first, then sent again."),
    "change_request.time_over": _("Its time was over."),
    "policy.too_few_signers": _("Approvals needed: %(quorum)s. People who could give one: %(able)s."),
    "vote.is_requester": _("Who wrote a request does not vote on it."),
    "vote.is_editor": _("Who edited or sent a request does not vote on it."),
    "vote.not_approver": _("Only an approver of this environment votes."),
    "vote.already_voted": _("Each person has one vote on a revision, and this one was given."),
    # how a plan moved
    "plan.revision_changed": _("The request has another revision."),
    "plan.endpoint_address_changed": _("OCP has another address."),
    "plan.endpoint_account_changed": _("OCP is told by another account."),
    "plan.endpoint_ca_changed": _("OCP's certificate must come from another CA."),
    "plan.endpoint_other": _("It is another OCP."),
    "plan.cluster_added": _("%(cluster)s is upgraded along."),
    "plan.cluster_gone": _("%(cluster)s is no longer upgraded along."),
    "plan.cluster_version_changed": _("%(cluster)s runs another version."),
    "plan.server_added": _("%(cluster)s has a new server, %(server)s."),
    "plan.server_gone": _("%(cluster)s no longer has the server %(server)s."),
    "plan.server_version_changed": _("%(server)s of %(cluster)s runs another version."),
    "plan.leftovers_changed": _("Other failed upgrade tasks are left in OCP for %(cluster)s."),
    "plan.target_changed": _("Another package is asked for."),
    "plan.package_replaced": _("%(file_name)s has other content under the same name (sha1)."),
    "plan.hops_changed": _("The path goes by other packages."),
    "plan.window_changed": _("The window is another one."),
    "plan.auto_start_changed": _("Whether it starts by itself was changed."),
    "plan.policy_changed": _("The policy is another one."),
    "plan.overrides_changed": _("Other findings are overridden."),
    "plan.value_unread": _("OCP does not show a part of the approved plan now: %(path)s."),
    "plan.other_changed": _("Something else of the plan moved: %(path)s."),
    # starting
    "start.called_off": _("The start was called off."),
    "start.timed_out": _("No run came of the start in time. It can be started again."),
    "start.votes_missing": _("Votes lost their weight, for a right was taken. Approvals missing: %(missing)s."),
    "start.rows_too_old": _("OCP was read too long ago to start on that."),
    "start.unreadable": _("OCP could not be read before the start (%(code)s)."),
    "start.cluster_missing": _("OCP does not show every affected cluster: %(ocp_ids)s is missing."),
    "start.cluster_not_running": _("%(cluster)s is %(status)s in OCP, not RUNNING."),
    "start.task_running": _("In OCP task %(task_id)s is running: %(name)s."),
    "start.unknown_upgrade_of_ours": _("OCP has an upgrade by our account that ocpdash does not know: %(task_id)s."),
    # sending
    "submit.accepted": _("OCP accepted the upgrade as task %(task_id)s."),
    "submit.not_sent": _("The connection never stood: nothing was sent to OCP."),
    "submit.took_too_long": _("The last look at OCP failed or took too long: nothing was sent."),
    "submit.no_answer": _("It was sent, and no answer came. OCP's tasks are searched; it is not sent again."),
    "submit.no_right": _("OCP refused our account (%(status)s %(code)s). Nothing was started."),
    "submit.refused_by_ocp": _("OCP refused the upgrade (%(status)s %(code)s). Nothing was started."),
    "submit.busy": _("OCP says that it is busy (%(status)s %(code)s). Whether it took the upgrade is not known."),
    "submit.busy_with": _("OCP was busy with task %(task_id)s, %(name)s. Nothing was started."),
    "submit.odd_answer": _("OCP's answer does not say whether it took the upgrade (%(status)s %(code)s)."),
    "submit.no_task": _("OCP's answer names no task."),
    "submit.old_task": _("OCP's answer names a task that was there before: %(task_id)s."),
    "submit.other_cluster": _("OCP's answer names a task of another cluster: %(task_id)s."),
    "submit.worker_lost": _("The Celery worker was lost while it sent. Whether OCP took the upgrade is not known."),
    "adopt.only_candidate": _("OCP's task %(task_id)s is the only one that fits what was sent."),
    "alarm.adopted_but_not_sent": _("OCP's task %(task_id)s was adopted, and our worker says that it sent nothing."),
    "alarm.other_task": _("A late answer names another task than the one followed: %(task_id)s."),
    "alarm.several_candidates": _("More than one task in OCP fits what was sent: %(task_ids)s."),
    "alarm.late_match": _("After the end OCP shows a task that fits what was sent: %(task_ids)s."),
    # decisions and holds
    "decision.wrong_status": _("The run is “%(status)s” now, and does not allow this decision."),
    "decision.no_candidate": _("OCP shows no task that could be adopted."),
    "decision.candidates_seen": _("OCP shows tasks that may be this run's: %(task_ids)s."),
    "decision.quiet_period": _("A late task may still show up in OCP. Not before %(until)s."),
    "decision.not_swept_yet": _("OCP's tasks were not read to the end since the quiet period."),
    "decision.task_running": _("A task of this run is RUNNING in OCP."),
    "decision.no_hold": _("This run holds no cluster."),
    "decision.another_open": _("Another decision about this run is open."),
    "decision.is_proposer": _("Who proposed a decision does not confirm it."),
    "decision.evidence_moved": _("What was shown has moved since. Look at it as it is now."),
    "decision.by": _("Proposed by %(proposer)s, confirmed by %(confirmer)s."),
    "decision.time_over": _("Its time was over before it was confirmed and carried out."),
    "hold.taken": _("%(cluster)s is held by the run of %(number)s."),
    "hold.run_ended": _("The run ended: %(status)s."),
    # following, verifying and what comes after the end
    "unreadable.vanished": _("OCP no longer knows task %(task_id)s (404). That is no failure: look into OCP."),
    "unreadable.other_cluster": _("Under the number %(task_id)s OCP shows a task of another cluster, %(cluster_id)s."),
    "unreadable.other_task": _("Under the number %(task_id)s OCP shows a task that was created at another time."),
    "unreadable.not_asked": _("OCP was not asked at that time."),
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

# Codes among the parameters, in words. A value that is not here is shown as it is: OCP's words always are.
WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "by": {
        "operator": _("an operator"),
        "approver": _("an approver"),
        "requester": _("its requester"),
        "requester_or_admin": _("its requester or an admin"),
        "operator_or_approver": _("an operator or an approver"),
        "decider": _("an operator, an approver or an admin"),
    },
    "status": STATUS_WORDS,
    "expected": {
        "entries": _("a list of versions, each beginning with “- version:”"),
        "entry": _("an entry with the key version"),
        "version": _("a version such as 4.2.1.8 or 4.2.1.8-108000022024072217"),
        "versions": _("a list of versions"),
        "flag": _("True or False"),
        "binary_rule": _("True, False, or value with when_come_from or when_upgraded_to"),
    },
}


def sentence(reason: Reason) -> str:
    """The sentence of `reason`, as text to be escaped; a code without one is shown as it is, never hidden."""
    words = SENTENCES.get(reason.code)
    if words is None:
        return reason.code
    return str(words) % _Shown({name: _word(name, value) for name, value in reason.params.items()})


def _word(name: str, value: object) -> str:
    known = WORDS.get(name, {}).get(value) if isinstance(value, str) else None
    return plain(value) if known is None else str(known)


class _Shown(dict[str, str]):
    """Parameters of a sentence. An old row may lack one that the sentence has learned since."""

    def __missing__(self, name: str) -> str:
        return "?"


def plain(value: object) -> str:
    """A value from outside as text that neither turns nor hides the text round it: such characters become numbers."""
    if isinstance(value, tuple):
        return ", ".join(plain(item) for item in value)
    return "".join(char if unicodedata.category(char) not in _UNSEEN else f"\\u{ord(char):04x}" for char in str(value))
