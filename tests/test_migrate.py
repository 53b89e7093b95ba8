"""`manage.py migrate`: as the owner alone, and the application's grants after it."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import settings as test_settings

ROOT = Path(__file__).resolve().parent.parent
OWNER_URL = test_settings.ENVIRONMENT["DATABASE_OWNER_URL"]
APPLICATION_URL = test_settings.ENVIRONMENT["DATABASE_URL"]
APPLICATION = test_settings.DATABASES["default"]["USER"]


def test_it_refuses_the_role_of_the_application():
    with pytest.raises(CommandError, match=f"does not run as the application's role {APPLICATION}"):
        call_command("migrate", database="default")


def test_without_the_owners_address_it_says_which_variable_is_missing():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "ocpdash.settings", "DATABASE_OWNER_URL": ""}
    command = [sys.executable, "manage.py", "migrate"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CommandError: DATABASE_OWNER_URL must be set" in done.stderr


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_grants_that_somebody_changed_by_hand_are_put_right():
    with psycopg.connect(OWNER_URL, autocommit=True) as owner:
        owner.execute(f"GRANT DELETE, TRUNCATE ON upgrades_auditevent TO {APPLICATION}")
        owner.execute(f"REVOKE SELECT ON upgrades_cluster FROM {APPLICATION}")  # noqa: S608 (ours)
    call_command("migrate", verbosity=0)
    with psycopg.connect(APPLICATION_URL, autocommit=True) as application:
        assert application.execute("SELECT count(*) FROM upgrades_cluster").fetchone() == (0,)
        for statement in ("DELETE FROM upgrades_auditevent", "TRUNCATE upgrades_auditevent"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement)
