"""createadmin and seed_roles: the password never stands on a command line, and nothing is done twice."""

import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import override_settings

from upgrades.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a long first password"


def test_admin_is_made_with_the_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPDASH_ADMIN_PASSWORD", PASSWORD)
    call_command("createadmin", username="gao.peng", stdout=io.StringIO())
    user = authenticate(username="gao.peng", password=PASSWORD)
    assert isinstance(user, User)
    assert user.has_role("admin", "")
    with pytest.raises(CommandError, match="is taken"):
        call_command("createadmin", username="gao.peng", stdout=io.StringIO())


def test_admin_is_made_with_the_password_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    call_command("createadmin", username="gao.peng", stdout=io.StringIO())
    assert authenticate(username="gao.peng", password=PASSWORD)


def test_weak_password_makes_no_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPDASH_ADMIN_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("createadmin", username="gao.peng", stdout=io.StringIO())
    assert not User.objects.exists()


def test_demo_people_can_sign_in_and_a_second_time_changes_nothing() -> None:
    call_command("seed_roles", demo=True, stdout=io.StringIO())
    first = list(User.objects.order_by("pk").values_list("username", "password"))
    call_command("seed_roles", demo=True, stdout=io.StringIO())
    assert list(User.objects.order_by("pk").values_list("username", "password")) == first
    held = {user.username: user.role_names for user in User.objects.all()}
    assert held == {
        "wang.lei": ["operator"],
        "chen.wei": ["operator"],
        "zhao.min": ["approver"],
        "lin.yue": ["approver"],
        "sun.hao": ["auditor"],
        "gao.peng": ["admin"],
    }
    assert all(authenticate(username=name, password="ocpdash-demo") for name in held)


def test_production_refuses_demo_people() -> None:
    with override_settings(IS_PRODUCTION=True), pytest.raises(CommandError, match="not made in production"):
        call_command("seed_roles", demo=True)
    assert not User.objects.exists()
