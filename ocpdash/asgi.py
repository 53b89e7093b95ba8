"""The web process: Django's ASGI handler."""

import os

from django.core.asgi import get_asgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")

# Django's ASGI handler gives each request a thread of its own, and a connection belongs to its thread: one that is
# kept serves nobody again, and under load PostgreSQL runs out of them.
connections.settings["default"]["CONN_MAX_AGE"] = 0

application = get_asgi_application()
