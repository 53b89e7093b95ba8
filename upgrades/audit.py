"""The catalogue of audit actions, and `record()`, the one way to write an audit event."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.models import AuditEvent, ChangeRequest, Decision, RunAction, UpgradeRun, User
from upgrades.rules import Reason


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act comes from: the request id that groups one click, the address, the API token by its prefix."""

    request_id: str = ""
    address: str = ""
    token: str = ""


NOWHERE = Origin()
origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)

ACTIONS: Mapping[str, str | Promise] = {
    "change_request.create": _("wrote the change request"),
    "change_request.edit": _("edited the change request"),
    "change_request.copy": _("copied the change request into a new one"),
    "change_request.comment": _("commented"),
    "change_request.attach": _("attached a file"),
    "change_request.submit": _("sent the change request to its approvers"),
    "change_request.vote": _("voted"),
    "change_request.approve": _("approved: the votes satisfy the policy"),
    "change_request.send_back": _("sent the change request back"),
    "change_request.take_back": _("took the change request back to change it"),
    "change_request.reject": _("rejected the change request"),
    "change_request.withdraw": _("withdrew the change request"),
    "change_request.start": _("asked for the start"),
    "change_request.call_off": _("called the start off"),
    "change_request.block": _("blocked the start"),
    "change_request.lose_voter": _("asked for votes again: an approver lost the right"),
    "change_request.begin": _("began the run"),
    "change_request.turn_stale": _("marked the change request as stale: the plan moved"),
    "change_request.expire": _("ended the change request: its time was over"),
    "change_request.finish": _("marked the change request as done"),
    "run.intend": _("recorded the intent to send, once"),
    "run.send": _("took its one turn to send the upgrade to OCP"),
    "run.accept": _("recorded that OCP accepted the upgrade"),
    "run.refuse": _("recorded that the upgrade was refused"),
    "run.doubt": _("called the run unconfirmed: nobody knows whether OCP took it"),
    "run.adopt": _("adopted OCP's task"),
    "run.abandon": _("abandoned the run"),
    "run.end": _("saw OCP end the task, and began to verify"),
    "run.fail": _("saw OCP's task fail"),
    "run.resume": _("saw OCP's task run again"),
    "run.roll_back": _("saw the task rolled back in OCP"),
    "run.verify": _("verified the upgrade: every server agrees"),
    "run.disagree": _("found servers that disagree with OCP"),
    "run.close": _("closed the run"),
    "run.look_again": _("asked to look at the servers again"),
    "run.late_evidence": _("kept as evidence what came late"),
    "run.unreadable": _("could not read the run"),
    "run.readable": _("read the run again"),
    "run.alarm": _("raised an alarm"),
    "run.bind_child": _("bound a child task to its hop"),
    "run_action.ask": _("asked for a retry, skip or cancel in OCP"),
    "run_action.send": _("recorded the intent to send a retry, skip or cancel, once"),
    "run_action.post": _("took its one turn to send a retry, skip or cancel to OCP"),
    "run_action.refuse": _("recorded that a retry, skip or cancel was refused"),
    "run_action.doubt": _("does not see yet in OCP what was asked of it"),
    "run_action.finish": _("saw in OCP what was asked of it"),
    "run_action.lapse": _("gave up waiting for what was asked of OCP"),
    "hold.take": _("took the clusters"),
    "hold.free": _("freed a cluster"),
    "decision.propose": _("proposed a decision"),
    "decision.confirm": _("confirmed a decision"),
    "decision.withdraw": _("withdrew a proposed decision"),
    "decision.expire": _("ended a proposed decision: its time was over"),
    "decision.carry_out": _("carried out a decision"),
    "decision.overtake": _("ended a decision: events overtook it"),
    "endpoint.register": _("registered the endpoint from the environment"),
    "endpoint.add": _("added an endpoint"),
    "endpoint.edit": _("edited an endpoint"),
    "endpoint.move": _("moved an endpoint to another address"),
    "endpoint.tell_apart": _("said that an endpoint shows other servers than an earlier one"),
    "endpoint.test": _("tested the connection to an endpoint"),
    "endpoint.switch_on": _("switched an endpoint on"),
    "endpoint.switch_off": _("switched an endpoint off"),
    "endpoint.rotate_credentials": _("sealed the credentials of an endpoint with the newest key"),
    "endpoint.open_breaker": _("stopped reading OCP: it does not accept our sign-in"),
    "endpoint.close_breaker": _("reads OCP again"),
    "cluster.set_environment": _("set the environment of a cluster"),
    "cluster.describe": _("set owner and labels of a cluster"),
    "cluster.foreign_upgrade": _("saw an upgrade that was begun in OCP itself, without a request"),
    "cluster.export": _("exported the list of clusters"),
    "package.replaced": _("saw a package change under its name"),
    "path_file.upload": _("kept a path file"),
    "path_file.activate": _("put a path file in force"),
    "path_file.remove": _("took a path file out of force"),
    "user.add": _("added a user"),
    "user.set_grants": _("changed the roles of a user"),
    "user.deactivate": _("deactivated a user"),
    "user.reactivate": _("reactivated a user"),
    "user.reset_link": _("made a link to set a password"),
    "user.set_password": _("set a password"),
    "user.set_time_zone": _("chose a time zone"),
    "user.save_view": _("saved a view of a list"),
    "user.rename_view": _("renamed a saved view"),
    "user.delete_view": _("deleted a saved view"),
    "token.create": _("made an API token"),
    "token.revoke": _("revoked an API token"),
    "token.refuse": _("came with an API token that is not good"),
    "token.overreach": _("tried with an API token what its scopes do not allow"),
    "user.sign_in": _("signed in"),
    "user.sign_out": _("signed out"),
    "halt.declare": _("stopped all sending to OCP"),
    "halt.settle": _("voided after a restore what had been decided before it"),
    "halt.lift": _("let things be sent to OCP again"),
    "audit.export": _("exported the audit trail"),
    "audit.alarm": _("found that the audit trail is not as it was sealed"),
}


def record(
    action: str,
    *,
    subject: models.Model | None,
    actor: User | None = None,
    outcome: str = AuditEvent.Outcome.DONE,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: Reason | None = None,
    comment: str = "",
    trace_id: str | None = None,
    subject_name: str = "",
) -> AuditEvent:
    """Insert one audit event in the caller's transaction and return it.

    `action` is a key of ACTIONS (KeyError otherwise); `actor` None is the system;
    `before` and `after` are plain JSON values without secrets; of an act by the API `after` also names the token.
    """
    if action not in ACTIONS:
        raise KeyError(action)
    come_from = origin.get()
    return AuditEvent.objects.create(
        action=action,
        outcome=outcome,
        actor=actor,
        actor_name=actor.username if actor is not None else "",
        subject_type=subject._meta.model_name or "" if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
        subject_name=(subject_name or (str(subject) if subject is not None else ""))[:255],
        change_request_id=_change_request_id(subject),
        environment=str(getattr(subject, "environment", "") or ""),
        before=dict(before or {}),
        after={**(after or {}), **({"api_token": come_from.token} if come_from.token else {})},
        reason=reason.to_json() if reason is not None else None,
        comment=comment[:4000],
        request_id=come_from.request_id,
        address=come_from.address,
        trace_id=(trace_id or "")[:128],
    )


def _change_request_id(subject: models.Model | None) -> int | None:
    if isinstance(subject, ChangeRequest | UpgradeRun):
        return int(subject.pk)
    if isinstance(subject, Decision | RunAction):
        return subject.run_id
    return None
