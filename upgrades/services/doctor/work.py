"""What ocpdash itself does: whether things are sent, who is alive, which runs need somebody, how the seals stand."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings

from upgrades import selectors
from upgrades.models import Heartbeat, UpgradeRun
from upgrades.rules import Reason, workflow
from upgrades.rules.doctor import Level, Line, Topic
from upgrades.selectors.heartbeats import PARTS_WITH_WEB
from upgrades.services.heartbeats import STATE

_A_DAY = timedelta(days=1)
# The chain is checked each minute.
_CHECKED = timedelta(minutes=15)


def halts() -> Iterator[Line]:
    """Whether anything stops the sending."""
    found = selectors.open_halts()
    for halt in found:
        reason = Reason.from_json(halt.reason)
        yield Line(Topic.SENDING, Level.TROUBLE, Reason("doctor.halted", {**reason.params, "why": reason.code}))
    if not found:
        yield Line(Topic.SENDING, Level.OK, Reason("doctor.not_halted"))


def state_files() -> Iterator[Line]:
    """Each host's file outside the database, by its workers' word."""
    now = selectors.database_now()
    rows = Heartbeat.objects.filter(name__startswith=STATE, at__gt=now - _A_DAY).order_by("name")
    for row in rows:
        words: dict[str, str | int] = {
            "host": row.name.removeprefix(STATE),
            "seconds": int((now - row.at).total_seconds()),
        }
        if now - row.at > _silence():
            yield Line(Topic.SENDING, Level.WARNING, Reason("doctor.state_old", words))
        else:
            yield Line(Topic.SENDING, Level.OK, Reason("doctor.state_compared", words))
    # Workers note only files that fit: where one does not, the halt says so.
    if not rows and not selectors.open_halts():
        yield Line(Topic.SENDING, Level.TROUBLE, Reason("doctor.state_never"))


def _silence() -> timedelta:
    """Two canaries and a half."""
    return timedelta(seconds=settings.IDLE_EXIT_SECONDS * 5 / 8)


def parts() -> Iterator[Line]:
    """Who gives no sign of life."""
    silent = selectors.silent_parts(PARTS_WITH_WEB)
    for part, at in silent.items():
        code = "doctor.part_silent" if at else "doctor.part_never"
        yield Line(
            Topic.PARTS, Level.TROUBLE, Reason(code, {"part": part, "at": f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""})
        )
    if not silent:
        yield Line(Topic.PARTS, Level.OK, Reason("doctor.parts_live"))


def workers() -> Iterator[Line]:
    """Each worker by its own canary: one that hangs is not noticed while others serve its queue."""
    now = selectors.database_now()
    for row in Heartbeat.objects.filter(name__startswith="worker ", at__gt=now - _A_DAY).order_by("name"):
        words: dict[str, str | int] = {
            "name": row.name.removeprefix("worker "),
            "seconds": int((now - row.at).total_seconds()),
        }
        is_silent = now - row.at > _silence()
        level, code = (Level.WARNING, "doctor.worker_silent") if is_silent else (Level.OK, "doctor.worker_lives")
        yield Line(Topic.PARTS, level, Reason(code, words))


def runs() -> Iterator[Line]:
    """Open runs that nobody gets on with alone."""
    rows = UpgradeRun.objects.open()
    quiet = selectors.database_now() - timedelta(seconds=settings.QUIET_PERIOD_SECONDS)
    found = (
        ("doctor.runs_unreadable", Level.TROUBLE, rows.exclude(unreadable_since=None)),
        ("doctor.runs_in_doubt", Level.TROUBLE, rows.filter(status__in=workflow.RUN_IN_DOUBT, intent_at__lt=quiet)),
        ("doctor.runs_alarmed", Level.TROUBLE, UpgradeRun.objects.filter(alarm__isnull=False, holds__isnull=False)),
        ("doctor.runs_disagree", Level.WARNING, rows.filter(status=workflow.RunStatus.DISAGREES)),
        ("doctor.runs_failed", Level.WARNING, rows.filter(status=workflow.RunStatus.FAILED)),
    )
    is_well = True
    for code, level, those in found:
        numbers = [f"CR-{pk}" for pk in those.order_by("pk").distinct().values_list("pk", flat=True)[:10]]
        if numbers:
            is_well = False
            yield Line(Topic.RUNS, level, Reason(code, {"numbers": ", ".join(numbers)}))
    if is_well:
        yield Line(Topic.RUNS, Level.OK, Reason("doctor.runs_well", {"count": rows.count()}))


def seals() -> Iterator[Line]:
    """Whether the trail is as it was sealed, and when that was last looked at."""
    chain, now = selectors.chain(), selectors.database_now()
    if chain.findings:
        yield Line(Topic.AUDIT, Level.TROUBLE, Reason("doctor.seals_broken", {"count": len(chain.findings)}))
    elif chain.checked_at is None or now - chain.checked_at > _CHECKED:
        yield Line(Topic.AUDIT, Level.WARNING, Reason("doctor.seals_unchecked"))
    else:
        words = {"seq": chain.checked_seq, "seconds": int((now - chain.checked_at).total_seconds())}
        yield Line(Topic.AUDIT, Level.OK, Reason("doctor.seals_checked", words))
