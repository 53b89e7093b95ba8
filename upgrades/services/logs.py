"""Log tails of subtasks that somebody looks at. Read by a Celery worker, never by a web request."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from upgrades import live, selectors
from upgrades.models import Endpoint, Subtask, SubtaskEvent, SubtaskLog, TaskInstance, UpgradeRun
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError, RateLimited, Unauthorized
from upgrades.services import endpoints
from upgrades.services.budget import Budget

TAIL_BYTES = 256 << 10
# Logs are large and OCP sends them whole: at most so many in one tick of a run.
_MOST = 3
_MOVING = ("READY", "RUNNING", "CANCELING")


def read_watched(endpoint: Endpoint, client: OcpClient, watched: Mapping[int, Iterable[str]], budget: Budget) -> None:
    """Read the logs of the subtasks selected in `watched` ({run id: {"task id/subtask id"}}), else of the one at work.

    Ends with `budget`. What cannot be read is kept with its reason, beside the text read before.
    """
    rows = UpgradeRun.objects.filter(endpoint=endpoint, pk__in=list(watched), ocp_task_id__isnull=False)
    for run in rows:
        for subtask in _wanted(run, watched[run.pk])[:_MOST]:
            if budget.is_spent or not _is_due(subtask):
                continue
            try:
                is_changed = _read(subtask, client, budget.left)
            except (Unauthorized, RateLimited) as error:
                endpoints.note_failure(endpoint, error, selectors.database_now())
                return
            if is_changed:
                live.publish(run.pk, run.version)


def _wanted(run: UpgradeRun, selected: Iterable[str]) -> list[Subtask]:
    """The selected subtasks, or the failed or running one that the page shows by itself, a child's first."""
    mine = Subtask.objects.filter(task_instance__run=run).exclude(task_instance__kind=TaskInstance.Kind.POSSIBLE)
    mine = mine.select_related("task_instance")
    pairs = [_pair(text) for text in sorted(selected)]
    found = [
        row for task_id, subtask_id in pairs for row in mine.filter(task_instance__ocp_id=task_id, ocp_id=subtask_id)
    ]
    if found:
        return found
    urgency = Case(When(status="FAILED", then=Value(0)), default=Value(1), output_field=IntegerField())
    at_work = mine.filter(status__in=["FAILED", "RUNNING"]).order_by(urgency, "task_instance__kind", "ocp_id")
    return list(at_work[:1])


def _pair(text: str) -> tuple[int, int]:
    """The ids in "task id/subtask id"; (-1, -1), which nothing has, for any other text: it comes from a browser."""
    task_id, _slash, subtask_id = text.partition("/")
    if not (task_id.isascii() and task_id.isdigit() and subtask_id.isascii() and subtask_id.isdigit()):
        return -1, -1
    if len(task_id) > 18 or len(subtask_id) > 18:
        return -1, -1
    return int(task_id), int(subtask_id)


def _is_due(subtask: Subtask) -> bool:
    """Whether the log may have grown since it was read: always while it works, else once after its last change."""
    log = SubtaskLog.objects.filter(task_instance=subtask.task_instance_id, subtask_ocp_id=subtask.ocp_id).first()
    if log is None or log.failure is not None or subtask.status in _MOVING:
        return True
    events = SubtaskEvent.objects.filter(run=subtask.task_instance.run_id, subtask_ocp_id=subtask.ocp_id)
    return events.filter(task_ocp_id=subtask.task_instance.ocp_id, seen_at__gte=log.observed_at).exists()


def read_one(subtask: Subtask, client: OcpClient, deadline: float) -> None:
    """Read and keep the log of `subtask`, whoever looks. Raises Unauthorized and RateLimited."""
    _read(subtask, client, deadline)


def _read(subtask: Subtask, client: OcpClient, deadline: float) -> bool:
    """Read and keep one log; return whether what the page shows changed. Raises Unauthorized and RateLimited."""
    at = selectors.database_now()
    task_id = subtask.task_instance.ocp_id
    key: dict[str, Any] = {"task_instance": subtask.task_instance, "subtask_ocp_id": subtask.ocp_id}
    before = SubtaskLog.objects.filter(**key).first()
    try:
        log = client.subtask_log(task_id, subtask.ocp_id, deadline=deadline)
    except (Unauthorized, RateLimited):
        raise
    except OcpError as error:
        failure = endpoints.reason_of(error).to_json()
        defaults: dict[str, Any] = {"failure": failure}
        SubtaskLog.objects.update_or_create(**key, defaults=defaults, create_defaults={**defaults, "observed_at": at})
        return before is None or before.failure != failure
    text = tail(log.text)
    is_cut = log.is_cut or len(text) < len(log.text)
    defaults = {"text": text, "is_cut": is_cut, "failure": None, "observed_at": at}
    SubtaskLog.objects.update_or_create(**key, defaults=defaults)
    return before is None or (before.text, before.failure) != (text, None)


def tail(text: str) -> str:
    """The last TAIL_BYTES of `text` in UTF-8, from a whole character on."""
    return text.encode()[-TAIL_BYTES:].decode(errors="ignore")
