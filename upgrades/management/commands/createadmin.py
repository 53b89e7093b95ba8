"""manage.py createadmin --username NAME: the first admin of all environments."""

import getpass
import os
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from upgrades import reasons
from upgrades.models import Role, User
from upgrades.services import users
from upgrades.services.moves import Refusal

VARIABLE = "OCPDASH_ADMIN_PASSWORD"


class Command(BaseCommand):
    """The password comes from OCPDASH_ADMIN_PASSWORD, a pipe or a prompt: a command line can be read by others."""

    help = f"Add an admin of all environments. The password is read from {VARIABLE}, from a pipe, or asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--full-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        username, full_name = options["username"], options["full_name"]
        password = _read_password()
        try:
            validate_password(password, User(username=username, full_name=full_name))
            user = users.add(actor=None, username=username, full_name=full_name, grants=[(Role.ADMIN, "")])
            users.set_first_password(user=user, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except Refusal as refusal:
            raise CommandError(reasons.sentence(refusal.reason)) from refusal
        self.stdout.write(f"{username} is an admin of all environments.")


def _read_password() -> str:
    given = os.environ.get(VARIABLE, "")
    if given:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same password again: ") != password:
        raise CommandError("The two passwords differ.")
    return password
