"""`manage.py doctor`: how everything stands that ocpdash stands on. Exit code 0 where nothing is in trouble, else 1."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from upgrades import reasons
from upgrades.reasons.doctor import remedy
from upgrades.rules.doctor import Level, worst
from upgrades.services import doctor


class Command(BaseCommand):
    help = "Looks at settings, database, Redis, workers, endpoints, runs, audit trail and files, each with its remedy."
    # What they find is a line of its own.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        lines = doctor.examine()
        for line in lines:
            self.stdout.write(f"{line.level:<8} {line.topic:<12} {reasons.sentence(line.reason)}")
            if line.level is not Level.OK:
                self.stdout.write(f"{'':<21} -> {remedy(line.reason.code)}")
        if worst(lines) is Level.TROUBLE:
            count = sum(line.level is Level.TROUBLE for line in lines)
            raise CommandError(f"In trouble: {count} of {len(lines)}.")
        self.stdout.write(f"Nothing is in trouble: {len(lines)} things were looked at.")
