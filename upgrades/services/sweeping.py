"""The sweep: looking in OCP for the task of a run in doubt. Level-triggered; it needs no memory.

It never sends anything. It adopts exactly one fitting parent task, proposes what people must
decide, and says for how long it has seen nothing.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from upgrades import live, selectors
from upgrades.models import Endpoint, UpgradeRun
from upgrades.ocp import types, words
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import BadAnswer, OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason, submission, workflow
from upgrades.services import endpoints, following, moves, preread, runs
from upgrades.services.budget import Budget

logger = logging.getLogger(__name__)

_PAGE = 200
_PAGE_CAP = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """One complete read for one run: every task back to its intent, and the time before the read began."""

    at: datetime
    tasks: tuple[types.TaskInstance, ...]


def in_doubt(endpoint: Endpoint) -> list[UpgradeRun]:
    """Runs of `endpoint` whose POST nobody knows the fate of, those looked for longest ago first."""
    return _in_turn(UpgradeRun.objects.filter(endpoint=endpoint, status__in=workflow.RUN_IN_DOUBT))


def watched_late(endpoint: Endpoint) -> list[UpgradeRun]:
    """Refused and abandoned runs of the last LATE_WATCH_SECONDS: a late match there raises the alarm."""
    since = Now() - timedelta(seconds=settings.LATE_WATCH_SECONDS)
    statuses = [workflow.RunStatus.REFUSED, workflow.RunStatus.ABANDONED]
    rows = UpgradeRun.objects.filter(endpoint=endpoint, status__in=statuses, status_at__gt=since)
    return _in_turn(rows.exclude(sent_at=None))


def _in_turn(rows: QuerySet[UpgradeRun]) -> list[UpgradeRun]:
    by_age = F("swept_at").asc(nulls_first=True)
    return list(rows.select_related("change_request__cluster", "endpoint").order_by(by_age, "intent_at"))


def turn_unconfirmed() -> None:
    """Runs still submitting UNCONFIRMED_AFTER_SECONDS after the intent are in doubt. Needs no OCP."""
    before = Now() - timedelta(seconds=settings.UNCONFIRMED_AFTER_SECONDS)
    for run in UpgradeRun.objects.filter(status=workflow.RunStatus.SUBMITTING, intent_at__lt=before):
        try:
            runs.move(run, "doubt", reason=Reason("submit.worker_lost"))
        except moves.TooLate:
            continue


def sweep(endpoint: Endpoint) -> None:
    """Look once for every run in doubt, and for late matches of refused and abandoned ones.

    Takes OCP_TOTAL_SECONDS at most, give or take one read's overhead. Raises nothing of OCP's.
    """
    waiting = [*in_doubt(endpoint), *watched_late(endpoint)]
    at = selectors.database_now()
    if not waiting or not endpoints.may_read(endpoint, at):
        return
    try:
        failures = _look_for_all(waiting, endpoints.client(endpoint))
    except (Unauthorized, RateLimited) as error:
        endpoints.note_failure(endpoint, error, at)
        return
    errors = [failure for failure in failures if failure is not None]
    if len(errors) < len(failures):
        endpoints.note_success(endpoint, at)
    elif errors:
        endpoints.note_failure(endpoint, errors[0], at)


def _look_for_all(waiting: Iterable[UpgradeRun], client: OcpClient) -> list[OcpError | None]:
    """Look for each run; what goes wrong stays its own. Returns the failure of each, None where OCP answered.

    Raises Unauthorized and RateLimited: OCP wants no further call of ours then.
    """
    budget = Budget(settings.OCP_TOTAL_SECONDS)
    failures: list[OcpError | None] = []
    for run in waiting:
        if budget.is_spent:
            break
        look = _look if run.status in workflow.RUN_IN_DOUBT else _look_late
        try:
            # Half of what is left: a slow one leaves time for others.
            look(run, client, Budget(budget.left / 2))
            failures.append(None)
        except (Unauthorized, RateLimited):
            raise
        except OcpError as error:
            logger.warning("run cannot be looked for", extra={"run": run.pk, "error": type(error).__name__})
            failures.append(error)
        except Exception:
            # One run that breaks us must not stop the search for the others.
            logger.exception("run cannot be looked for", extra={"run": run.pk})
    return failures


def read(run: UpgradeRun, client: OcpClient, budget: Budget) -> Seen:
    """Every task of the affected clusters, all statuses, newest first, back past the intent. Raises OcpError."""
    at = selectors.database_now()
    tasks: dict[int, types.TaskInstance] = {}
    for cluster_id in run.affected_ocp_ids:
        for task in _back_to(client, cluster_id, _intent(run).at - _intent(run).before, budget):
            tasks[task.id] = task
    return Seen(at=at, tasks=tuple(tasks.values()))


def _back_to(client: OcpClient, cluster_id: int, moment: datetime, budget: Budget) -> Iterator[types.TaskInstance]:
    for number in range(1, _PAGE_CAP + 1):
        page = client.tasks(cluster_id=cluster_id, page=number, size=_PAGE, deadline=budget.left)
        yield from page.items
        starts = [task.start_time for task in page.items if task.start_time is not None]
        if page.is_last or (starts and max(starts) < moment):
            return
    raise BadAnswer("The list of tasks does not end.", http_status=200)


def _intent(run: UpgradeRun) -> submission.Intent:
    return submission.Intent(
        at=run.ocp_intent_at or run.intent_at,
        affected_ids=frozenset(run.affected_ocp_ids),
        baseline=frozenset(run.baseline),
        account_name=run.endpoint.account_name,
        before=timedelta(seconds=settings.CANDIDATE_BEFORE_SECONDS),
        quiet=timedelta(seconds=settings.QUIET_PERIOD_SECONDS),
    )


def fits(run: UpgradeRun, tasks: tuple[types.TaskInstance, ...]) -> dict[int, submission.Fit]:
    """Which of `tasks` fit `run`, by id; a task that also fits an abandoned run is only proposed."""
    bound = preread.bound_task_ids(run.endpoint_id)
    abandoned = [other for other in _beside(run, [workflow.RunStatus.ABANDONED]) if _is_watched_late(other, run)]
    found: dict[int, submission.Fit] = {}
    for task in tasks:
        started_at = task.start_time or task.create_time
        candidate = submission.Candidate(
            task.id, words.is_upgrade_parent(task), task.cluster_id, task.creator_name, started_at
        )
        is_ours = run.endpoint.is_account_ours
        verdict = submission.fit(candidate, _intent(run), bound_ids=bound, is_account_ours=is_ours)
        if verdict is submission.Fit.NO:
            continue
        if any(_fits_at_all(candidate, other, bound) for other in abandoned):
            verdict = submission.Fit.PROPOSE
        found[task.id] = verdict
    return found


def _beside(run: UpgradeRun, statuses: Iterable[str]) -> list[UpgradeRun]:
    """Other runs in `statuses` on one of the clusters of `run`."""
    rows = UpgradeRun.objects.filter(endpoint=run.endpoint, status__in=statuses).exclude(pk=run.pk)
    others = rows.select_related("endpoint")
    return [other for other in others if set(other.affected_ocp_ids) & set(run.affected_ocp_ids)]


def _is_watched_late(other: UpgradeRun, run: UpgradeRun) -> bool:
    """Whether a task of `run` may be a late one of the abandoned `other`: not after its watch had ended."""
    watched = timedelta(seconds=settings.LATE_WATCH_SECONDS)
    return other.sent_at is not None and other.status_at + watched > run.intent_at


def _fits_at_all(candidate: submission.Candidate, other: UpgradeRun, bound: frozenset[int]) -> bool:
    verdict = submission.fit(candidate, _intent(other), bound_ids=bound, is_account_ours=True)
    return verdict is not submission.Fit.NO


def _look(run: UpgradeRun, client: OcpClient, budget: Budget) -> None:
    seen = read(run, client, budget)
    found = fits(run, seen.tasks)
    _keep_candidates(run, sorted(found), seen.at)
    if list(found.values()) == [submission.Fit.ADOPT]:
        _adopt(run, client, next(iter(found)), budget)
    elif len(found) > 1:
        runs.raise_alarm(run, Reason("alarm.several_candidates", {"task_ids": tuple(sorted(found))}))
    elif not found and run.busy_seen_at is not None:
        _refuse_busy(run, seen, client, budget)


def _adopt(run: UpgradeRun, client: OcpClient, task_id: int, budget: Budget) -> None:
    parent = read_parent(run, client, task_id, budget)
    if parent is None:
        return
    try:
        bind(run, parent, reason=Reason("adopt.only_candidate", {"task_id": task_id}))
    except moves.TooLate:
        return


def _keep_candidates(run: UpgradeRun, candidates: list[int], at: datetime) -> None:
    """Keep what a complete read showed, before anything is done about it: people may have to."""
    rows = UpgradeRun.objects.filter(pk=run.pk, status__in=workflow.RUN_IN_DOUBT)
    with transaction.atomic():
        if not rows.filter(Q(swept_at=None) | Q(swept_at__lt=at)).update(swept_at=at):
            return
        if rows.exclude(candidates=candidates).update(candidates=candidates, version=F("version") + 1):
            run.refresh_from_db()
            transaction.on_commit(lambda: live.publish(run.pk, run.version))


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent task as read in detail, with the number and time drawn before the read."""

    task: types.TaskInstance
    observation: int
    at: datetime


def read_parent(run: UpgradeRun, client: OcpClient, task_id: int, budget: Budget) -> Parent | None:
    """Read `task_id` in detail; None where it is no upgrade parent of the run's clusters. Raises OcpError."""
    at, observation = selectors.database_now(), selectors.observation()
    task = client.task(task_id, deadline=budget.left)
    if task.cluster_id not in (None, *run.affected_ocp_ids) or not words.is_upgrade_parent(task):
        return None
    return Parent(task, observation, at)


def bind(run: UpgradeRun, parent: Parent, *, reason: Reason) -> None:
    """Adopt `parent` and take over its state at once.

    Raises TooLate where the run has left the doubt, or another run has just taken the task.
    """
    task = parent.task
    fields = {"ocp_task_id": task.id, "ocp_task_cluster_id": task.cluster_id, "candidates": list[int]()}
    with transaction.atomic():
        try:
            runs.move(run, "adopt", reason=reason, fields=fields)
        except IntegrityError as error:
            raise moves.TooLate(Reason("move.lost_race", {"action": "adopt"})) from error
        following.apply(run, task, (), observation=parent.observation, at=parent.at)
        endpoints.hasten(run.endpoint_id, "follow")
        transaction.on_commit(live.ring)


def _refuse_busy(run: UpgradeRun, seen: Seen, client: OcpClient, budget: Budget) -> None:
    """After a busy answer: refused once a complete read later than the quiet period shows who was busy."""
    quiet_over = run.intent_at + timedelta(seconds=settings.QUIET_PERIOD_SECONDS)
    if seen.at <= quiet_over:
        return
    for task in seen.tasks:
        if _kept_busy(task, run) and client.task(task.id, deadline=budget.left).type == "MANUAL":
            reason = Reason("submit.busy_with", {"task_id": task.id, "name": task.name[:100]})
            try:
                runs.move(run, "refuse", reason=reason)
            except moves.TooLate:
                return
            return


def _kept_busy(task: types.TaskInstance, run: UpgradeRun) -> bool:
    """Whether somebody else's task was unfinished while we posted, on OCP's clock."""
    if task.start_time is None or task.creator_name == run.endpoint.account_name:
        return False
    skew = (run.ocp_intent_at or run.intent_at) - run.intent_at
    posted_at = (run.sent_at or run.intent_at) + skew
    answered_at = (run.answered_at or run.sent_at or run.intent_at) + skew
    return task.start_time <= answered_at and (task.finish_time is None or task.finish_time >= posted_at)


def _look_late(run: UpgradeRun, client: OcpClient, budget: Budget) -> None:
    seen = read(run, client, budget)
    UpgradeRun.objects.filter(pk=run.pk).update(swept_at=seen.at)
    if _beside(run, workflow.RUN_IN_DOUBT):
        # A task that just came up is looked at there first: it may be that run's own.
        return
    found = sorted(fits(run, seen.tasks))
    if found:
        runs.raise_alarm(run, Reason("alarm.late_match", {"task_ids": tuple(found)}))
