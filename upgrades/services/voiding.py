"""After a restore: nothing stands that people had decided before it, since nobody knows what became of it since.

Requests with votes turn stale, so that they are sent to review anew; starts that were about to be posted are in doubt;
retries that were asked for, and decisions, end.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from upgrades import selectors
from upgrades.models import ChangeRequest, Decision, RunAction, UpgradeRun
from upgrades.rules import Reason, workflow
from upgrades.services import moves, run_actions, runs

_RESTORED = Reason("halt.voided")


def void(before: datetime) -> None:
    """Void everything of before that moment; each row in a transaction of its own. Safe to call again."""
    for change_request in _requests(before):
        _try(partial(moves.move, change_request, "turn_stale", reason=_RESTORED))
    for run in _runs(before):
        _try(partial(runs.move, run, "doubt", reason=Reason("halt.run_in_doubt")))
    for action in _actions(before):
        name = "refuse" if action.status == workflow.RunActionStatus.ASKED else "doubt"
        _try(partial(run_actions.move, action, name, reason=_RESTORED))
    for decision in _decisions(before):
        _try(partial(moves.move, decision, "overtake", reason=_RESTORED))


def is_left(before: datetime) -> bool:
    """Whether anything of before that moment still stands."""
    return any(rows(before).exists() for rows in (_requests, _runs, _actions, _decisions))


def _try(act: Callable[[], object]) -> None:
    """Whoever moved the row at the same moment was first; what is left is tried again."""
    try:
        with transaction.atomic():
            act()
    except moves.TooLate:
        return


def _requests(before: datetime) -> QuerySet[ChangeRequest]:
    return selectors.voted().filter(submitted_at__lt=before)


def _runs(before: datetime) -> QuerySet[UpgradeRun]:
    return UpgradeRun.objects.filter(status=workflow.RunStatus.SUBMITTING, intent_at__lt=before)


def _actions(before: datetime) -> QuerySet[RunAction]:
    statuses = [workflow.RunActionStatus.ASKED, workflow.RunActionStatus.SENDING]
    return RunAction.objects.filter(status__in=statuses, asked_at__lt=before)


def _decisions(before: datetime) -> QuerySet[Decision]:
    return Decision.objects.open().filter(proposed_at__lt=before)
