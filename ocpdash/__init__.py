"""Wiring: settings, URLs, servers and processes. No rules of the product."""

from ocpdash.celery import app as celery_app

__all__ = ["celery_app"]
