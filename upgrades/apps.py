"""The product's Django app."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created

from ocpdash import versions


class UpgradesConfig(AppConfig):
    name = "upgrades"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(versions.refuse_old_postgres, dispatch_uid="versions")
        register(versions.check, Tags.database)
