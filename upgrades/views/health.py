"""Probes for a load balancer: alive, and ready to serve. They name parts, never details."""

import logging
from collections.abc import Callable

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from upgrades import live, selectors
from upgrades.selectors import heartbeats

logger = logging.getLogger(__name__)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is looked at, so that a lost database restarts nobody."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The parts of ocpdash by name. 503 where pages cannot be served: database or Redis down.

    A silent worker or beat is told, and takes no web process out of service: its pages are what says so to people.
    """
    parts = {name: "ok" if _works(name, probe) else "down" for name, probe in PROBES.items()}
    is_ready = set(parts.values()) == {"ok"}
    silent = selectors.silent_parts() if parts["database"] == "ok" else heartbeats.PARTS
    parts |= {name: "silent" if name in silent else "ok" for name in heartbeats.PARTS}
    return JsonResponse(parts, status=200 if is_ready else 503)


def _works(name: str, probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except (Error, redis.RedisError) as error:
        logger.warning("not ready", extra={"part": name, "error": type(error).__name__})
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis() -> bool:
    return bool(live.connection().ping())


PROBES: dict[str, Callable[[], bool]] = {"database": _database, "redis": _redis}
