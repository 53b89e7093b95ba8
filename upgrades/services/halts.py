"""Stopping all sending where the database may be older than what was done, and going on when an admin says so.

`look()` compares database and file; every tick does, and every POST waits for it. A halt is a row, so that all hosts
stop at once. After a proved restore nothing stands that people had decided before it (`voiding`).
"""

import logging
import socket
import uuid

from django.db import connection, transaction
from django.db.models.functions import Now

from upgrades import audit, live, selectors
from upgrades.models import AuditEvent, Epoch, Halt, RunAction, UpgradeRun, User
from upgrades.rules import Reason, halts
from upgrades.services import state_file, voiding
from upgrades.services.moves import Invalid, TooLate, attempt_as_admin

logger = logging.getLogger(__name__)

# A number of our own among PostgreSQL's advisory locks.
BEGINNER = 7_317_325_103
IN_FORCE = Reason("halt.in_force")
COMMENT_LIMIT = 4000


def look() -> Reason | None:
    """Compare the database with this host's file; why nothing may be sent from here, None where all fits.

    Declares a halt where they do not fit, and goes on settling one that is in force. Not for a transaction.
    """
    try:
        return _look()
    except state_file.Unusable as unusable:
        logger.error("the state file cannot be used", extra={"reason": unusable.reason.to_json()})
        return unusable.reason


def _look() -> Reason | None:
    kept = state_file.read()
    if kept is None:
        kept = _first()
    shown = selectors.shown_beside(kept)
    if not shown.epoch:
        # The file is of another database.
        _begin_epoch(shown.server)
        shown = selectors.shown_beside(kept)
    for finding in halts.judge(kept, shown):
        _declare_in(shown.epoch, finding)
    found = selectors.open_halts()
    now = selectors.now_shown()
    if now is not None and (kept is None or not found):
        state_file.keep(now)
    for halt in found:
        settle(halt)
    return IN_FORCE if found else None


def may_send(sent: halts.Sent) -> Reason | None:
    """Look, and keep outside the database that `sent` is about to leave; why it must not, None where it may."""
    why = look()
    if why is not None:
        return why
    epoch = Epoch.objects.first()
    try:
        state_file.keep(halts.Kept(epoch.key if epoch else "", sent=(sent,)))
    except state_file.Unusable as unusable:
        return unusable.reason
    return None


def sent_run(run: UpgradeRun) -> halts.Sent:
    """The start of `run`, as the file names it."""
    return halts.Sent("run", run.pk, run.worker_token)


def sent_action(action: RunAction) -> halts.Sent:
    """A retry, skip or cancel, as the file names it."""
    return halts.Sent("run_action", action.pk, action.worker_token)


def _first() -> halts.Kept | None:
    """The file of a host that has none: written with the database's first epoch, or by another process meanwhile."""
    with state_file.held():
        kept = state_file.read()
        if kept is None and _begin_epoch(selectors.server()):
            now = selectors.now_shown()
            if now is not None:
                state_file.add(now)
            kept = now
    return kept


def _begin_epoch(server: str, *, is_first: bool = True) -> str:
    """Begin an epoch and return its key; "" where `is_first` and the database has one already."""
    with transaction.atomic():
        _await_turn()
        if is_first and Epoch.objects.exists():
            return ""
        return Epoch.objects.create(key=uuid.uuid4().hex, server=server).key


def _await_turn() -> None:
    """Nobody else begins an epoch or declares a halt until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BEGINNER])


def _declare_in(epoch: str, finding: halts.Finding) -> None:
    """Declare what was found in `epoch`, unless a halt was lifted since and another one has begun."""
    with transaction.atomic():
        _await_turn()
        if Epoch.objects.values_list("key", flat=True).first() == epoch:
            declare(finding.kind, finding.reason)


def declare(kind: halts.Kind, reason: Reason) -> Halt:
    """Put a halt of `kind` in force and return it; the one that is in force already stays as it is."""
    with transaction.atomic():
        halt, is_new = Halt.objects.open().get_or_create(
            kind=kind, defaults={"reason": reason.to_json(), "host": socket.gethostname()[:255]}
        )
        if is_new:
            audit.record("halt.declare", subject=halt, outcome=AuditEvent.Outcome.FAILED, reason=reason)
    if is_new:
        logger.error("nothing is sent any more", extra={"kind": str(kind), "reason": reason.to_json()})
    return halt


def settle(halt: Halt) -> None:
    """Void what was decided before a restore, as far as nobody moves it at this moment; again until all is void."""
    if halt.kind != halts.Kind.RESTORED or halt.settled_at is not None:
        return
    voiding.void(halt.began_at)
    if voiding.is_left(halt.began_at):
        return
    with transaction.atomic():
        if Halt.objects.filter(pk=halt.pk, settled_at=None).update(settled_at=Now()) == 1:
            audit.record("halt.settle", subject=halt)
    halt.refresh_from_db()


def lift(*, actor: User, comment: str, is_restored: bool, shown: list[int]) -> None:
    """Let things be sent again, and begin an epoch: files of the former one are answered for by this.

    `is_restored`: the admin's word that the database was restored, where that is not proved; then too nothing stands
    that was decided before. `shown`: keys of the halts that the admin's page told of. Raises Forbidden; TooLate where
    others are in force by now, or a restore is not settled yet; Invalid without a comment.
    """
    with attempt_as_admin("halt.lift", actor=actor, subject=None):
        found = list(Halt.objects.open().select_for_update())
        if not found or {halt.pk for halt in found} != set(shown):
            raise TooLate(Reason("halt.others_now"))
        if not comment.strip() or len(comment) > COMMENT_LIMIT:
            raise Invalid(Reason("halt.comment_missing", {"most": COMMENT_LIMIT}), "comment")
        if is_restored and not any(halt.kind == halts.Kind.RESTORED for halt in found):
            found.append(declare(halts.Kind.RESTORED, Reason("halt.restored_by_word", {"who": actor.username})))
        for halt in found:
            settle(halt)
            if halt.kind == halts.Kind.RESTORED and halt.settled_at is None:
                raise TooLate(Reason("halt.not_settled"))
        epoch = _begin_epoch(selectors.server(), is_first=False)
        Halt.objects.open().update(lifted_at=Now(), lifted_by=actor, comment=comment.strip())
        after = {"kinds": sorted(halt.kind for halt in found), "epoch": epoch}
        audit.record("halt.lift", subject=found[-1], actor=actor, after=after, comment=comment.strip())
        transaction.on_commit(live.ring)
