"""The protocol of a submission up to T1: claim, pre-read, intent. The rest is in `sending` and `sweeping`.

One approval leads to at most one POST: the run's row, whose key is the request, is inserted
in T1 and committed before anything is sent, and only the worker whose token it holds may send.
Nothing here runs again for a request that has a run.
"""

import logging
import time
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from upgrades import audit, selectors
from upgrades.models import ChangeRequest, Cluster, Endpoint, Package, UpgradeRun
from upgrades.rules import Reason, workflow
from upgrades.services import change_requests, endpoints, halts, holds, identity, moves, plans, preread, sending

logger = logging.getLogger(__name__)

_FIRST_PRE_READ_SECONDS = 30.0


def due() -> list[int]:
    """Ids of requests whose start was asked and that no Celery worker has claimed."""
    rows = ChangeRequest.objects.filter(status=workflow.RequestStatus.STARTING)
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    return list(rows.filter(free).order_by("starting_at").values_list("pk", flat=True)[:50])


def claim(change_request_id: int) -> bool:
    """Claim the start for this worker by compare-and-set. A lost worker's claim runs out by itself."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    rows = ChangeRequest.objects.filter(free, pk=change_request_id, status=workflow.RequestStatus.STARTING)
    return rows.update(claimed_until=Now() + timedelta(seconds=_FIRST_PRE_READ_SECONDS + 15)) == 1


def submit(change_request_id: int) -> None:
    """Carry a start that was asked for to its end: a run, or back to a status that says why not.

    Safe to call at any time, any number of times, by any number of workers at once.
    """
    if not claim(change_request_id):
        return
    change_request = ChangeRequest.objects.select_related("endpoint", "cluster", "requester").get(pk=change_request_id)
    why = halts.look()
    if why is not None:
        _give_back(change_request, "block", why)
        return
    try:
        reading = preread.read(change_request, seconds=_FIRST_PRE_READ_SECONDS)
    except preread.Blocked as blocked:
        _give_back(change_request, "block", blocked.reason)
        return
    # T1 counts: whoever stands still inside it goes on with votes and rights of before.
    deadline = time.clock_gettime(time.CLOCK_BOOTTIME) + settings.SUBMIT_BUDGET_SECONDS
    run = _intend(change_request, reading)
    if run is None:
        return
    if not sending.agrees_again(change_request, run):
        return
    sending.send(run, deadline)


def _give_back(change_request: ChangeRequest, action: str, reason: Reason) -> None:
    """Leave this start with a reason. Somebody else may have moved it, or asked anew: then nothing is to do."""
    try:
        with transaction.atomic():
            moves.move(change_request, action, reason=reason, where={"starting_at": change_request.starting_at})
    except moves.TooLate:
        logger.info("start already left", extra={"change_request": change_request.pk, "action": action})


# --- T1 -------------------------------------------------------------------------------------------------------


class _Unfit(Exception):
    """T1 found that the approved plan may not run; the transaction is undone, then `action` is made."""

    def __init__(self, action: str, reason: Reason) -> None:
        self.action = action
        self.reason = reason


def _intend(change_request: ChangeRequest, reading: preread.Reading) -> UpgradeRun | None:
    """T1: check everything again and insert the run, or leave `starting` and return None."""
    try:
        with transaction.atomic(durable=True):
            _check_approval(change_request)
            plan = _rebuilt(change_request)
            run = _insert_run(change_request, plan.content, reading)
            _check_moment(change_request, run)
            _check_endpoint(change_request)
            holds.take(run, plans.affected(change_request.cluster))
            moves.move(
                change_request,
                "begin",
                where={"fingerprint": change_request.fingerprint, "revision": change_request.revision},
            )
            return run
    except _Unfit as unfit:
        _give_back(change_request, unfit.action, unfit.reason)
    except moves.Refusal as refusal:
        _give_back(change_request, "block", refusal.reason)
    except IntegrityError:
        logger.warning("a run exists already", extra={"change_request": change_request.pk})
    return None


def _check_approval(change_request: ChangeRequest) -> None:
    """Votes, validity and four eyes, by the rows and the database's clock of this moment."""
    rows = ChangeRequest.objects.filter(
        pk=change_request.pk, status=workflow.RequestStatus.STARTING, starting_at=change_request.starting_at
    )
    if rows.update(lock_version=F("lock_version") + 1) != 1:
        raise moves.TooLate(Reason("move.lost_race", {"action": "begin"}))
    change_request.refresh_from_db()
    if selectors.is_halted():
        raise _Unfit("block", halts.IN_FORCE)
    if not rows.filter(expires_at__gt=Now()).exists():
        raise _Unfit("expire", Reason("change_request.approval_ran_out"))
    verdict = change_requests.judge(change_request)
    if not verdict.is_satisfied:
        lost = len(verdict.lost_voter_ids)
        raise _Unfit("lose_voter", Reason("start.votes_missing", {"missing": verdict.missing, "lost": lost}))


def _check_moment(change_request: ChangeRequest, run: UpgradeRun) -> None:
    """The approval still stood, its window open, when the intent was written, not only when it was looked at."""
    if change_request.expires_at is None or run.intent_at >= change_request.expires_at:
        raise _Unfit("expire", Reason("change_request.approval_ran_out"))
    opens, closes = change_request.window_opens_at, change_request.window_closes_at
    if (opens and run.intent_at < opens) or (closes and run.intent_at >= closes):
        raise _Unfit("block", Reason("start.outside_window"))


def _check_endpoint(change_request: ChangeRequest) -> None:
    """What came up meanwhile would only be met by the second pre-read, with the approval used up.

    Asked with the run in place: who switches the endpoint off now waits for it, and finds it open.
    """
    endpoint = Endpoint.objects.get(pk=change_request.endpoint_id)
    why = endpoints.why_not_read(endpoint, selectors.database_now())
    why = why or identity.why_only_read(plans.affected(change_request.cluster))
    if why is not None:
        raise _Unfit("block", why)


def _rebuilt(change_request: ChangeRequest) -> plans.Built:
    """The plan, rebuilt from rows read since this start was asked; it must have the approved fingerprint."""
    since = change_request.starting_at
    clusters = plans.affected(change_request.cluster)
    fresh = Cluster.objects.filter(
        pk__in=[cluster.pk for cluster in clusters],
        observed_at__gte=since,
        topology_observed_at__gte=since,
        missing_since=None,
    )
    package = Package.objects.filter(
        endpoint=change_request.endpoint,
        file_name=change_request.target_file_name,
        observed_at__gte=since,
        missing_since=None,
    )
    if fresh.count() != len(clusters) or not package.exists():
        raise _Unfit("block", Reason("start.rows_too_old"))
    try:
        plan = plans.rebuild(change_request)
    except moves.Refusal as refusal:
        raise _Unfit("block", refusal.reason) from refusal
    if plan.fingerprint != change_request.fingerprint:
        raise _Unfit("turn_stale", plans.why_stale(change_request, plan))
    return plan


def _insert_run(change_request: ChangeRequest, plan: dict[str, Any], reading: preread.Reading) -> UpgradeRun:
    """`plan` is the rebuilt one: what has the approved fingerprint is sent, whatever the request's row says."""
    run = UpgradeRun.objects.create(
        change_request=change_request,
        endpoint=change_request.endpoint,
        cluster_ocp_id=plan["cluster_ocp_id"],
        affected_ocp_ids=plans.affected_ids(plan),
        body=plans.body(plan),
        fingerprint=change_request.fingerprint,
        baseline=sorted(reading.task_ids),
        worker_token=uuid.uuid4().hex,
        intent_at=Now(),
        ocp_intent_at=Now() + (reading.ocp_now - reading.at),
        baseline_compatible=plans.compatible(change_request.cluster),
    )
    run.refresh_from_db()
    after = {"fingerprint": run.fingerprint, "body": run.body, "clusters": run.affected_ocp_ids}
    audit.record("run.intend", subject=run, actor=change_request.started_by, after=after)
    return run
