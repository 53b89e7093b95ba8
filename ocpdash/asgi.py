"""The web process: Django's ASGI handler, and the streams of open run pages beside it."""

import os
import warnings

from django.core.asgi import get_asgi_application
from django.db import close_old_connections, connections

from ocpdash.celery import TICK_SECONDS
from ocpdash.watchdog import each

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")

# Django's ASGI handler gives each request a thread of its own, and a connection belongs to its thread: one that is
# kept serves nobody again, and under load PostgreSQL runs out of them.
connections.settings["default"]["CONN_MAX_AGE"] = 0

# WhiteNoise hands files over as plain iterators; Django reads them in a thread and warns of it in every process.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

_pages = get_asgi_application()

# Models are there only now.
from upgrades import stream  # noqa: E402
from upgrades.services import heartbeats, schedule  # noqa: E402

LOOK_SECONDS = 5.0


def _look_round() -> None:
    """Web lives, and rings where beat does not."""
    try:
        schedule.beat_heart("web")
        heartbeats.stand_in_for_beat(2 * TICK_SECONDS)
    finally:
        close_old_connections()


application = stream.Beside(_pages)
each(LOOK_SECONDS, _look_round, name="look round")
