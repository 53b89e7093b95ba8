"""Django's migrate, as the tables' owner only, and then the grants of the application's role."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections

from ocpdash import database


class Command(migrate.Command):
    help = "Updates the database's schema as its owner, and applies the application role's grants."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def execute(self, *args: Any, **options: Any) -> str | None:
        # Before Django's own checks, which already look for the owner's connection.
        application = settings.DATABASES["default"]["USER"]
        if "owner" not in settings.DATABASES:
            raise CommandError("DATABASE_OWNER_URL must be set: tables belong to a role other than the application's.")
        if options["database"] != "owner" or settings.DATABASES["owner"]["USER"] == application:
            raise CommandError(f"migrate does not run as the application's role {application}: it must own nothing.")
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"]):
            database.apply_grants(connections["owner"], settings.DATABASES["default"]["USER"])
