"""Change requests: written, edited, sent to review, taken back, started. Votes are in `votes`.

Every function is one transaction with its audit event, and raises Forbidden (403),
TooLate (409) or Invalid (400) with nothing changed.
"""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from upgrades import audit, live, selectors
from upgrades.models import ChangeRequest, Cluster, ClusterHold, Editor, Revision, Role, User, Vote
from upgrades.rules import Reason, policy, workflow
from upgrades.services import contents, moves, plans


def create(
    *,
    cluster: Cluster,
    target_file_name: str,
    purpose: str,
    actor: User,
    impact: str = "",
    ticket: str = "",
    form_token: UUID | None = None,
    copied_from: ChangeRequest | None = None,
) -> ChangeRequest:
    """Write a draft for `cluster`; the actor becomes its requester.

    `form_token`: the page it was written on; from one page comes one request, and a second is TooLate.
    `copied_from`: an ended request that this one follows; TooLate while it goes on.
    """
    with moves.attempt("change_request.create", actor=actor, subject=cluster):
        _require_operator(actor, cluster)
        contents.require_first(actor, form_token)
        if copied_from is not None and not copied_from.is_final:
            raise moves.TooLate(Reason("move.wrong_status", {"status": copied_from.status, "action": "copy"}))
        content = contents.checked(cluster, target_file_name, purpose, impact, ticket)
        change_request = contents.insert(
            ChangeRequest(
                endpoint=cluster.endpoint, cluster=cluster, requester=actor, quorum=settings.APPROVAL_QUORUM,
                form_token=form_token, copied_from=copied_from, **content,
            )
        )  # fmt: skip
        _keep_revision(change_request, actor)
        source = {"copied_from": copied_from.number} if copied_from is not None else {}
        audit.record("change_request.create", actor=actor, subject=change_request, after=content | source)
        if copied_from is not None:
            after = {"copy": change_request.number}
            audit.record("change_request.copy", actor=actor, subject=copied_from, after=after)
    return change_request


def edit(
    *,
    change_request: ChangeRequest,
    target_file_name: str,
    purpose: str,
    lock_version: int,
    actor: User,
    impact: str = "",
    ticket: str = "",
) -> ChangeRequest:
    """Change the content; the revision rises when it really changed, and older votes stop counting.

    `lock_version` is the one the form was made from: an older form is TooLate.
    """
    with moves.attempt("change_request.edit", actor=actor, subject=change_request):
        _require_operator(actor, change_request.cluster)
        contents.require_editable(change_request)
        before = contents.of(change_request)
        content = contents.checked(change_request.cluster, target_file_name, purpose, impact, ticket)
        rows = ChangeRequest.objects.filter(pk=change_request.pk, status__in=workflow.REQUEST_EDITABLE)
        step = 0 if content == before else 1
        changed = rows.filter(lock_version=lock_version).update(
            **content, revision=F("revision") + step, lock_version=F("lock_version") + 1
        )
        _require_fresh(change_request, changed, lock_version, workflow.REQUEST_EDITABLE, "edit")
        if step:
            _keep_revision(change_request, actor)
        audit.record("change_request.edit", actor=actor, subject=change_request, before=before, after=content)
    return change_request


def submit(*, change_request: ChangeRequest, lock_version: int, actor: User) -> ChangeRequest:
    """Build the plan and send the request to its approvers; also renews a stale one.

    A renewed plan is new content: it takes a revision of its own, so that everybody votes anew.
    """
    with moves.attempt("change_request.submit", actor=actor, subject=change_request):
        moves.require(change_request, "submit", actor, requester_id=change_request.requester_id)
        renewal = 1 if change_request.status == workflow.RequestStatus.STALE else 0
        rows = ChangeRequest.objects.filter(pk=change_request.pk, lock_version=lock_version)
        changed = rows.update(lock_version=F("lock_version") + 1, revision=F("revision") + renewal)
        _require_fresh(change_request, changed, lock_version, workflow.REQUEST_EDITABLE, "submit")
        if change_request.revision <= change_request.sent_back_revision:
            raise moves.TooLate(Reason("change_request.unchanged_since_sent_back"))
        _keep_revision(change_request, actor)
        _require_signers(change_request)
        plan = plans.build(change_request)
        _enter_review(change_request, plan, actor)
        _keep_plan(change_request, plan)
        transaction.on_commit(live.ring)
    return change_request


def _enter_review(change_request: ChangeRequest, plan: plans.Built, actor: User) -> None:
    fields: dict[str, Any] = {
        "plan": plan.content,
        "fingerprint": plan.fingerprint,
        "submitted_at": Now(),
        "approved_at": None,
        "expires_at": Now() + timedelta(seconds=settings.REQUEST_EXPIRY_SECONDS),
    }
    try:
        with transaction.atomic():
            moves.move(change_request, "submit", actor=actor, fields=fields)
    except IntegrityError as error:
        other = taking(change_request.cluster)
        raise moves.TooLate(
            Reason("change_request.cluster_taken", {"number": other.number if other else ""})
        ) from error


def take_back(*, change_request: ChangeRequest, actor: User, comment: str = "") -> None:
    """The requester takes it back to change it; it needs an edit before it is sent again."""
    with moves.attempt("change_request.take_back", actor=actor, subject=change_request):
        fields = {"sent_back_revision": F("revision"), "approved_at": None}
        moves.move(change_request, "take_back", actor=actor, comment=comment, fields=fields)


def withdraw(*, change_request: ChangeRequest, actor: User, comment: str = "") -> None:
    """End it for good: by its requester, or by an admin for an absent one, who says why: Invalid without a comment."""
    with moves.attempt("change_request.withdraw", actor=actor, subject=change_request):
        moves.require(change_request, "withdraw", actor, requester_id=change_request.requester_id)
        reason = None
        if actor.pk != change_request.requester_id:
            if not comment.strip():
                raise moves.Invalid(Reason("form.withdraw_comment_missing"), "comment")
            names = {"admin": actor.username, "requester": change_request.requester.username}
            reason = Reason("change_request.withdrawn_by_admin", names)
        moves.move(change_request, "withdraw", actor=actor, comment=comment, reason=reason)


def start(*, change_request: ChangeRequest, fingerprint: str, actor: User, is_understood: bool = True) -> None:
    """Ask for the start of what was approved under `fingerprint`. A Celery worker does the rest.

    `is_understood` is False where a person was asked whether it is clear that there is no way back, and did not say
    so: Invalid.
    TooLate also when the page showed another plan, the approval has run out, or a run holds a cluster.
    """
    with moves.attempt("change_request.start", actor=actor, subject=change_request):
        moves.require(change_request, "start", actor)
        if not is_understood:
            raise moves.Invalid(Reason("form.not_understood"), "is_understood")
        if fingerprint != change_request.fingerprint:
            raise moves.TooLate(Reason("change_request.other_plan"))
        if selectors.is_halted():
            raise moves.TooLate(Reason("halt.in_force"))
        if not ChangeRequest.objects.filter(pk=change_request.pk, expires_at__gt=Now()).exists():
            raise moves.TooLate(Reason("change_request.approval_ran_out"))
        held = ClusterHold.objects.filter(
            cluster__endpoint=change_request.endpoint, cluster__ocp_id__in=plans.affected_ids(change_request.plan or {})
        ).first()
        if held is not None:
            raise moves.TooLate(Reason("hold.taken", {"cluster": held.cluster.name, "number": held.run.number}))
        fields = {"starting_at": Now(), "started_by": actor, "claimed_until": None}
        moves.move(change_request, "start", actor=actor, fields=fields, where={"fingerprint": fingerprint})
        transaction.on_commit(partial(live.ring_start, change_request.pk))


def call_off(*, change_request: ChangeRequest, actor: User, comment: str = "") -> None:
    """Call off a start that has not led to a run yet."""
    with moves.attempt("change_request.call_off", actor=actor, subject=change_request):
        moves.move(change_request, "call_off", actor=actor, comment=comment, reason=Reason("start.called_off"))


def taking(cluster: Cluster) -> ChangeRequest | None:
    """The request past draft and not final that has the one place of `cluster`, if any."""
    return ChangeRequest.objects.filter(cluster=cluster, status__in=workflow.REQUEST_TAKING_CLUSTER).first()


def _require_operator(actor: User, cluster: Cluster) -> None:
    if not actor.has_role(Role.OPERATOR, cluster.environment):
        raise moves.Forbidden(Reason("move.not_permitted", {"by": str(workflow.By.OPERATOR)}))


def _require_fresh(
    change_request: ChangeRequest, changed: int, lock_version: int, sources: frozenset[Any], action: str
) -> None:
    change_request.refresh_from_db()
    if changed == 1:
        return
    if change_request.status not in sources:
        raise moves.TooLate(Reason("move.wrong_status", {"status": change_request.status, "action": action}))
    raise moves.TooLate(Reason("form.older", {"shown": lock_version, "now": change_request.lock_version}))


def _keep_revision(change_request: ChangeRequest, actor: User) -> None:
    Revision.objects.get_or_create(
        change_request=change_request,
        number=change_request.revision,
        defaults={"author": actor, "content": contents.of(change_request)},
    )
    Editor.objects.get_or_create(change_request=change_request, user=actor)


def _keep_plan(change_request: ChangeRequest, plan: plans.Built) -> None:
    """Keep the plan with its revision, so that its voters can be told what has moved since."""
    kept = Revision.objects.get(change_request=change_request, number=change_request.revision)
    kept.content = {**kept.content, "plan": plan.content}
    kept.save(update_fields=["content"])


def _require_signers(change_request: ChangeRequest) -> None:
    """Nobody may write a request that nobody can approve."""
    able = signers(change_request)
    if len(able) < change_request.quorum:
        raise moves.TooLate(Reason("policy.too_few_signers", {"quorum": change_request.quorum, "able": len(able)}))


def signers(change_request: ChangeRequest) -> list[User]:
    """Everybody who may still vote on the present revision."""
    people = list(User.objects.filter(is_active=True, grants__role=Role.APPROVER).distinct().order_by("username"))
    environment = change_request.environment
    able = policy.who_can_sign(
        [
            policy.Candidate(person.pk, person.is_active, person.has_role(Role.APPROVER, environment))
            for person in people
        ],
        vote_facts(change_request),
        requester_id=change_request.requester_id,
        editor_ids=editor_ids(change_request),
        revision=change_request.revision,
    )
    return [person for person in people if person.pk in able]


def vote_facts(change_request: ChangeRequest) -> list[policy.VoteFact]:
    """Every vote with the voter's rights as they are now, read afresh."""
    votes = Vote.objects.filter(change_request=change_request).select_related("voter")
    return [
        policy.VoteFact(
            voter_id=vote.voter_id,
            revision=vote.revision,
            fingerprint=vote.fingerprint,
            verdict=vote.verdict,
            is_active=vote.voter.is_active,
            is_approver=vote.voter.has_role(Role.APPROVER, change_request.environment),
        )
        for vote in votes
    ]


def editor_ids(change_request: ChangeRequest) -> frozenset[int]:
    """Ids of everybody who wrote, edited, submitted or renewed any revision."""
    return frozenset(Editor.objects.filter(change_request=change_request).values_list("user_id", flat=True))


def judge(change_request: ChangeRequest) -> policy.Verdict:
    """Whether the votes on the present plan satisfy the policy, by today's rights."""
    return policy.judge(
        policy.Policy(quorum=change_request.quorum, version=change_request.policy_version),
        vote_facts(change_request),
        requester_id=change_request.requester_id,
        editor_ids=editor_ids(change_request),
        revision=change_request.revision,
        fingerprint=change_request.fingerprint,
    )
