"""Writes the table of variables into docs/operations.md."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ocpdash import variables
from ocpdash.environment import VARIABLES


class Command(BaseCommand):
    help = "Writes the table of all variables into docs/operations.md; with --check, only says whether it is right."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail where the table is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_PRODUCTION:
            raise CommandError("The table tells of production: run make settings, or set OCPDASH_MODE=production.")
        unknown = sorted(VARIABLES.keys() ^ variables.MEANINGS.keys())
        if unknown:
            raise CommandError(f"ocpdash/variables.py and settings.py do not name the same: {', '.join(unknown)}.")
        page = settings.BASE_DIR / "docs" / "operations.md"
        text = page.read_text(encoding="utf-8")
        wanted = variables.with_table(text, variables.table(VARIABLES, settings.BASE_DIR))
        if options["check"] and wanted != text:
            raise CommandError("The settings in docs/operations.md are out of date: run make settings.")
        if wanted != text:
            page.write_text(wanted, encoding="utf-8")
