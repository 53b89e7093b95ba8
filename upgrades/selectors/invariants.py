"""What must never be, looked for in the rows: I1 to I4, what is stuck, and (by `histories`) I5 to I7. Reads alone.

Only what the database can show: whether OCP got a second POST is OCP's to say.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from upgrades.models import AuditEvent, ChangeRequest, ClusterHold, Decision, RunAction, UpgradeRun, Vote
from upgrades.rules import Reason, plan, workflow
from upgrades.selectors.clock import database_now
from upgrades.selectors.histories import changed_rows, illegal_moves, unaccounted_rows

# What a tick brings about may take so much longer than its time.
GRACE = timedelta(seconds=60)
_R, _U, _A = workflow.RequestStatus, workflow.RunStatus, workflow.RunActionStatus


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where an invariant does not hold: its name, the row in words, and what is wrong with it."""

    invariant: str
    subject: str
    reason: Reason


Found = Iterable[tuple[str, Reason]]


def breaches(invariant: str) -> Iterator[Breach]:
    """Every breach of one invariant, a key of INVARIANTS."""
    for look in INVARIANTS[invariant]:
        for subject, reason in look():
            yield Breach(invariant, subject, reason)


def _sent_once() -> Found:
    """I1: each run has one intent, and one send where it was sent."""
    rows = AuditEvent.objects.filter(action__in=["run.intend", "run.send"], outcome=AuditEvent.Outcome.DONE)
    counted = Counter(rows.values_list("action", "subject_id"))
    for pk, sent_at in UpgradeRun.objects.values_list("pk", "sent_at"):
        intents, sends = counted[("run.intend", str(pk))], counted[("run.send", str(pk))]
        if intents != 1:
            yield f"CR-{pk}", Reason("invariant.intents", {"count": intents})
        if sends > 1 or (sent_at is not None and sends == 0):
            yield f"CR-{pk}", Reason("invariant.sends", {"count": sends})


def _sent_as_approved() -> Found:
    """I2: what is sent is what was approved, by enough people other than who asked."""
    for run in UpgradeRun.objects.select_related("change_request").iterator(500):
        change_request = run.change_request
        if change_request.plan is None or plan.fingerprint(change_request.plan) != run.fingerprint:
            yield run.number, Reason("invariant.other_plan")
        elif run.body != plan.body(change_request.plan).decode():
            yield run.number, Reason("invariant.other_body")
        if change_request.fingerprint != run.fingerprint:
            yield run.number, Reason("invariant.other_fingerprint")
        voters = _approvers(change_request, run.fingerprint)
        if len(voters) < change_request.quorum:
            words = {"count": len(voters), "quorum": change_request.quorum}
            yield run.number, Reason("invariant.too_few_votes", words)


def _approvers(change_request: ChangeRequest, fingerprint: str) -> set[int]:
    """Who approved exactly that, and neither asked for it nor wrote any of it."""
    votes = Vote.objects.filter(change_request=change_request, verdict=Vote.Verdict.APPROVE, fingerprint=fingerprint)
    voters = set(votes.values_list("voter_id", flat=True))
    return voters - {change_request.requester_id} - set(change_request.editors.values_list("user_id", flat=True))


def _one_open_run() -> Found:
    """I3: one open run at most on a cluster, and each holds every cluster that it touches."""
    taken: dict[tuple[int, int], int] = {}
    held = set(ClusterHold.objects.values_list("run_id", "cluster__ocp_id"))
    for run in UpgradeRun.objects.open().order_by("pk"):
        for ocp_id in run.affected_ocp_ids:
            other = taken.setdefault((run.endpoint_id, ocp_id), run.pk)
            if other != run.pk:
                yield run.number, Reason("invariant.two_open_runs", {"cluster": ocp_id, "other": f"CR-{other}"})
            if (run.pk, ocp_id) not in held:
                yield run.number, Reason("invariant.not_held", {"cluster": ocp_id})


def _none_forgotten() -> Found:
    """I4: every intent ends somewhere, and request and run say the same."""
    now = database_now()
    lost = now - timedelta(seconds=settings.UNCONFIRMED_AFTER_SECONDS) - GRACE
    for pk in UpgradeRun.objects.filter(status=_U.SUBMITTING, intent_at__lt=lost).values_list("pk", flat=True):
        yield f"CR-{pk}", Reason("invariant.still_submitting")
    without = Q(run__isnull=True) & Q(status__in=[_R.IN_PROGRESS, _R.DONE])
    for pk in ChangeRequest.objects.filter(without).values_list("pk", flat=True):
        yield f"CR-{pk}", Reason("invariant.no_run")
    for run in UpgradeRun.objects.select_related("change_request").iterator(500):
        change_request = run.change_request
        wanted = (_R.DONE, run.status) if run.is_final else (_R.IN_PROGRESS, "")
        if (change_request.status, change_request.outcome) != wanted:
            words = {"status": str(change_request.status), "run": run.status}
            yield run.number, Reason("invariant.not_alike", words)


def _stuck() -> Found:
    """Rows that time should have moved: no tick comes, or something holds it up."""
    now = database_now()
    late: Mapping[Reason, QuerySet[Any]] = {
        Reason("invariant.start_stuck"): ChangeRequest.objects.filter(
            status=_R.STARTING, starting_at__lt=now - timedelta(seconds=settings.START_TIMEOUT_SECONDS) - GRACE
        ),
        Reason("invariant.expiry_stuck"): ChangeRequest.objects.filter(
            status__in=workflow.find("change_request", "expire").sources, expires_at__lt=now - GRACE
        ),
        Reason("invariant.action_stuck"): RunAction.objects.filter(
            status__in=[_A.ASKED, _A.SENDING],
            asked_at__lt=now - timedelta(seconds=settings.ACTION_LAPSE_SECONDS) - GRACE,
        ),
        Reason("invariant.decision_stuck"): Decision.objects.open().filter(expires_at__lt=now - GRACE),
        Reason("invariant.run_unread"): UpgradeRun.objects.open().filter(
            unreadable_since__lt=now - timedelta(seconds=settings.UNREADABLE_SECONDS)
        ),
    }
    for reason, rows in late.items():
        for row in rows[:100]:
            yield str(row), reason


INVARIANTS: Mapping[str, tuple[Callable[[], Found], ...]] = {
    "I1": (_sent_once,),
    "I2": (_sent_as_approved,),
    "I3": (_one_open_run,),
    "I4": (_none_forgotten,),
    "I5": (illegal_moves,),
    "I6": (unaccounted_rows,),
    "I7": (changed_rows,),
    "stuck": (_stuck,),
}
