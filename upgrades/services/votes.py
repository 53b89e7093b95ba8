"""One person's recorded decision on one fingerprint."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from upgrades import audit, live
from upgrades.models import ChangeRequest, Role, User, Vote
from upgrades.rules import Reason, policy, workflow
from upgrades.services import change_requests, moves

COMMENT_LIMIT = 4000


def cast(*, change_request: ChangeRequest, verdict: str, comment: str, fingerprint: str, actor: User) -> None:
    """Record the vote and, where it decides, move the request.

    `verdict` is approve, send_back or reject; the last two need a comment. `fingerprint` is the plan
    that the voter was shown. Raises Forbidden for who may not vote here, TooLate when the plan or the
    status moved or the person has voted on this revision, Invalid for a bad verdict or comment.
    """
    with moves.attempt("change_request.vote", actor=actor, subject=change_request):
        _require_rights(change_request, actor)
        comment = _check(verdict, comment)
        if verdict == Vote.Verdict.SEND_BACK and change_request.status == workflow.RequestStatus.APPROVED:
            _send_back(change_request, comment, actor)
            return
        _take_turn(change_request, fingerprint, verdict)
        _insert(change_request, verdict, comment, actor)
        _follow_up(change_request, verdict, comment, actor)
        transaction.on_commit(live.ring)


def why_not(change_request: ChangeRequest, actor: User) -> Reason | None:
    """None when `actor` may vote on the present revision, else why not."""
    return policy.why_may_not_vote(
        policy.Candidate(actor.pk, actor.is_active, actor.has_role(Role.APPROVER, change_request.environment)),
        change_requests.vote_facts(change_request),
        requester_id=change_request.requester_id,
        editor_ids=change_requests.editor_ids(change_request),
        revision=change_request.revision,
    )


def _check(verdict: str, comment: str) -> str:
    if verdict not in Vote.Verdict.values:
        raise moves.Invalid(Reason("form.verdict_unknown"), "verdict")
    comment = comment.strip()
    if len(comment) > COMMENT_LIMIT:
        raise moves.Invalid(Reason("form.comment_too_long", {"limit": COMMENT_LIMIT}), "comment")
    if verdict != Vote.Verdict.APPROVE and not comment:
        raise moves.Invalid(Reason("form.comment_missing"), "comment")
    return comment


def _require_rights(change_request: ChangeRequest, actor: User) -> None:
    reason = why_not(change_request, actor)
    if reason is None or reason.code == "vote.already_voted":
        return
    raise moves.Forbidden(reason)


def _take_turn(change_request: ChangeRequest, fingerprint: str, verdict: str) -> None:
    """Bump the parent first: two last votes at once then count each other."""
    rows = ChangeRequest.objects.filter(
        pk=change_request.pk,
        status=workflow.RequestStatus.IN_REVIEW,
        fingerprint=fingerprint,
        revision=change_request.revision,
    )
    changed = rows.update(lock_version=F("lock_version") + 1)
    change_request.refresh_from_db()
    if changed == 1:
        return
    if change_request.status != workflow.RequestStatus.IN_REVIEW:
        raise moves.TooLate(Reason("move.wrong_status", {"status": change_request.status, "action": verdict}))
    raise moves.TooLate(Reason("change_request.other_plan"))


def _insert(change_request: ChangeRequest, verdict: str, comment: str, actor: User) -> None:
    try:
        with transaction.atomic():
            Vote.objects.create(
                change_request=change_request,
                revision=change_request.revision,
                fingerprint=change_request.fingerprint,
                voter=actor,
                verdict=verdict,
                comment=comment,
            )
    except IntegrityError as error:
        raise moves.TooLate(Reason("vote.already_voted", {"revision": change_request.revision})) from error
    audit.record(
        "change_request.vote",
        actor=actor,
        subject=change_request,
        after={
            "verdict": verdict,
            "fingerprint": change_request.fingerprint,
            "revision": change_request.revision,
        },
        comment=comment,
    )


def _follow_up(change_request: ChangeRequest, verdict: str, comment: str, actor: User) -> None:
    if verdict == Vote.Verdict.SEND_BACK:
        _send_back(change_request, comment, actor)
    elif verdict == Vote.Verdict.REJECT:
        moves.move(change_request, "reject", actor=actor, comment=comment)
    elif change_requests.judge(change_request).is_satisfied:
        validity = timedelta(seconds=settings.APPROVAL_VALIDITY_SECONDS)
        fields = {"approved_at": Now(), "expires_at": Now() + validity}
        moves.move(change_request, "approve", actor=actor, fields=fields)


def _send_back(change_request: ChangeRequest, comment: str, actor: User) -> None:
    fields = {"sent_back_revision": F("revision"), "approved_at": None}
    moves.move(change_request, "send_back", actor=actor, comment=comment, fields=fields)
