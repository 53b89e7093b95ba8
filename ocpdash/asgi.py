"""The web process: Django's ASGI handler."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")

application = get_asgi_application()
