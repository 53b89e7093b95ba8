"""`manage.py audit_verify`: is the audit trail as it was sealed? Exit code 0 where it is, else 1."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from upgrades import reasons
from upgrades.rules import Reason, seals
from upgrades.services import checking


def head(text: str) -> seals.Head:
    """SEQ:HASH as an argument. Raises ArgumentTypeError."""
    try:
        return seals.Head.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


class Command(BaseCommand):
    help = "Reads every seal of the audit trail with its event, and says where they do not fit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head", action="append", default=[], type=head, metavar="SEQ:HASH", dest="heads",
            help="a head that an earlier run printed and that was kept elsewhere; may be given more than once",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        checked = checking.check_all(heads=options["heads"], tell=self._tell)
        self.stdout.write(f"Head: {checked.head}")
        if checked.count:
            raise CommandError(f"The audit trail is not as it was sealed: {checked.count} findings.")
        self.stdout.write(f"The audit trail is as it was sealed: {checked.head.seq} seals.")

    def _tell(self, finding: Reason) -> None:
        self.stdout.write(f"{finding.code}: {reasons.sentence(finding)}")
