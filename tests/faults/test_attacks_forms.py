"""T7: what no form asks for is sent along: a status, a right, a requester. Nothing of it is taken."""

from typing import Any

import pytest

from tests.doors import Door, table
from tests.town import Town, town, undone
from upgrades.models import ApiToken, ChangeRequest, Decision, Endpoint, Grant, UpgradeRun, User, Vote

__all__ = ["town"]

POSTS = [door for door in table() if door.method == "POST"]
IDS: dict[str, Any] = {"ids": str}
# What would be worth handing in; nothing of it is a field of a form where it stands here.
FORBIDDEN = {
    **{"status": "approved", "approved_by": "1", "requester": "1", "requester_id": "1", "revision": "9", "quorum": "0"},
    **{"is_superuser": "on", "is_staff": "on", "is_active": "on", "actor": "1", "voter": "1", "proposer": "1"},
    **{"id": "1", "pk": "1", "user": "1", "user_id": "1", "owner_id": "1", "credentials": "planted", "ca_file": "/etc"},
    **{"approved_at": "2020-01-01", "expires_at": "2099-01-01", "breaker_opened_at": "", "told_apart_from": "[]"},
    **{
        "role": "admin",
        "groups": "1",
        "user_permissions": "1",
        "worker_token": "x",
        "digest": "0" * 64,
        "version": "99",
    },
}
WATCHED = (
    (ChangeRequest, ("status", "requester_id", "quorum", "revision", "started_by_id")),
    (User, ("username", "is_superuser", "is_staff", "is_active", "time_zone")),
    (Grant, ("user__username", "role", "environment")),
    (Endpoint, ("name", "base_url", "account_name", "is_active", "is_account_ours", "ca_file", "told_apart_from")),
    (Decision, ("kind", "status", "proposer_id", "confirmer_id")),
    (UpgradeRun, ("status", "worker_token", "ocp_task_id")),
    (Vote, ("voter_id", "verdict", "revision")),
    (ApiToken, ("owner_id", "name", "scopes", "revoked_by_id")),
)


def watched() -> list[Any]:
    """What the rows say that nobody may hand in."""
    return [sorted(map(str, model._default_manager.values_list(*names))) for model, names in WATCHED]


def left(town: Town, door: Door, form: dict[str, Any]) -> tuple[int, list[Any]]:
    """The status of the answer to the form, and what the rows say after it; undone."""
    person = (door.people("200") or door.people("302") or ["admi*"])[-1]
    with undone():
        answer = town.client(person).post(town.address(door.name), form)
        return answer.status_code, watched()


@pytest.mark.parametrize("door", POSTS, **IDS)
def test_what_no_form_asks_for_changes_nothing(town: Town, door: Door) -> None:
    form = town.forms[door.name]
    beside = {name: value for name, value in FORBIDDEN.items() if name not in form}
    assert left(town, door, form | beside) == left(town, door, form)
