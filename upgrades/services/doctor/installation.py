"""This process: its settings, its clock, its disk, and the files that an installation makes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks as django_checks
from django.utils import timezone

from upgrades import selectors
from upgrades.rules import Reason
from upgrades.rules.doctor import Level, Line, Topic

CLOCK_SECONDS = 5
# Less than so much of a disk: soon full, and full.
LOW, FULL = 0.10, 0.03


def _line(level: Level, code: str, **params: str | int) -> Line:
    return Line(Topic.INSTALLATION, level, Reason(code, params))


def checks() -> Iterator[Line]:
    """Django's own checks, those of a deployment too in production, and what they do not know of."""
    found = django_checks.run_checks(include_deployment_checks=settings.IS_PRODUCTION)
    told = [one for one in found if not one.is_silenced()]
    for one in told[:5]:
        level = Level.TROUBLE if one.is_serious() else Level.WARNING
        yield _line(level, "doctor.check_failed", id=str(one.id), text=str(one.msg)[:300])
    if not settings.IS_PRODUCTION:
        yield _line(Level.WARNING, "doctor.mode", mode=str(settings.MODE))
    if not settings.METRICS_TOKEN:
        yield _line(Level.WARNING, "doctor.no_metrics")
    if not told:
        yield _line(Level.OK, "doctor.settings_fit")


def clock() -> Iterator[Line]:
    """Ours beside the database's, which decides."""
    seconds = int((timezone.now() - selectors.database_now()).total_seconds())
    is_off = abs(seconds) > CLOCK_SECONDS
    yield _line(
        Level.WARNING if is_off else Level.OK, "doctor.clock_off" if is_off else "doctor.clock", seconds=seconds
    )


def disk() -> Iterator[Line]:
    """What is left where this process writes."""
    folder = next(path for path in (Path(settings.STATE_DIR), *Path(settings.STATE_DIR).parents) if path.exists())
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total if usage.total else 0.0
    words: dict[str, str | int] = {"path": str(folder), "megabytes": usage.free >> 20, "percent": int(share * 100)}
    level = Level.TROUBLE if share < FULL else Level.WARNING if share < LOW else Level.OK
    yield _line(level, "doctor.disk" if level is Level.OK else "doctor.disk_low", **words)


def files() -> Iterator[Line]:
    """The compiled Chinese, and the collected static files."""
    catalogues = [Path(folder) / "zh_Hans" / "LC_MESSAGES" / "django.mo" for folder in settings.LOCALE_PATHS]
    is_there = all(path.exists() for path in catalogues)
    yield _line(Level.OK if is_there else Level.TROUBLE, "doctor.chinese" if is_there else "doctor.chinese_missing")
    root = Path(settings.STATIC_ROOT) if settings.STATIC_ROOT else None
    if root is None:
        yield _line(Level.OK, "doctor.static_from_source")
    elif (root / "staticfiles.json").exists():
        yield _line(Level.OK, "doctor.static", path=str(root))
    else:
        yield _line(Level.TROUBLE, "doctor.static_missing", path=str(root))
