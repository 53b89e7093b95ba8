"""manage.py seed_roles --demo: the people of the demo, each with the one password that is no secret."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from upgrades.models import Role, User
from upgrades.services import users

PASSWORD = "ocpdash-demo"  # noqa: S105 (printed on the screen of every demo)
PEOPLE = (
    ("wang.lei", "Wang Lei", Role.OPERATOR),
    ("chen.wei", "Chen Wei", Role.OPERATOR),
    ("zhao.min", "Zhao Min", Role.APPROVER),
    ("lin.yue", "Lin Yue", Role.APPROVER),
    ("sun.hao", "Sun Hao", Role.AUDITOR),
    ("gao.peng", "Gao Peng", Role.ADMIN),
)


class Command(BaseCommand):
    """Says what it did, and does nothing twice."""

    help = "Add the demo's two operators, two approvers, auditor and admin. Refused in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("Demo logins have a known password: they are not made in production.")
        for username, full_name, role in PEOPLE:
            if User.objects.filter(username=username).exists():
                continue
            user = users.add(actor=None, username=username, full_name=full_name, grants=[(role, "")])
            users.set_first_password(user=user, password=PASSWORD)
            self.stdout.write(f"added {username}, {role}")
