"""`manage.py invariants`: does what must never be stand in no row? Exit code 0 where it does not, else 1."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from upgrades import reasons
from upgrades.selectors.invariants import INVARIANTS, breaches

MEANINGS = {
    "I1": "one intent and at most one send for an approval",
    "I2": "what was sent is what enough others approved",
    "I3": "one open run at most on a cluster, and it holds it",
    "I4": "no intent is forgotten; request and run agree",
    "I5": "only legal moves; final stays final",
    "I6": "each row stands where its audit leads",
    "I7": "the audit trail is as it was sealed",
    "stuck": "no row waits for longer than its time",
}


class Command(BaseCommand):
    help = "Looks in all rows for what must never be. Reads alone; a line for each invariant, and one for each breach."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", nargs="+", choices=list(INVARIANTS), default=list(INVARIANTS))

    def handle(self, *args: Any, **options: Any) -> None:
        broken = []
        for name in options["only"]:
            found = list(breaches(name))
            self.stdout.write(f"{name:<6}{'broken' if found else 'holds':<7} {MEANINGS[name]}")
            for breach in found:
                self.stdout.write(f"      {breach.subject}: {breach.reason.code}: {reasons.sentence(breach.reason)}")
            broken += [name] if found else []
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")
