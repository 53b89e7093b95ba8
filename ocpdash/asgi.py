"""The web process: Django's ASGI handler, and the streams of open run pages beside it."""

import os
import warnings

from django.core.asgi import get_asgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")

# Django's ASGI handler gives each request a thread of its own, and a connection belongs to its thread: one that is
# kept serves nobody again, and under load PostgreSQL runs out of them.
connections.settings["default"]["CONN_MAX_AGE"] = 0

# WhiteNoise hands files over as plain iterators; Django reads them in a thread and warns of it in every process.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

_pages = get_asgi_application()

# Models are there only now.
from upgrades import stream  # noqa: E402

application = stream.Beside(_pages)
