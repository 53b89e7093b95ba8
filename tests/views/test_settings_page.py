"""A person's own settings: the zone in which times are told, and a new password for who knows the old one."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.views.acting import client_of
from upgrades.models import AuditEvent, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("services")]

OLD, NEW = "correct horse battery", "a longer new password"


@pytest.fixture
def olga() -> User:
    return make_user("olga", "operator", "admin", password=OLD)


def signed_in(user: User) -> Client:
    client = Client()
    client.post("/sign-in/", {"username": user.username, "password": OLD})
    return client


def test_times_are_told_in_the_zone_of_the_reader_and_always_with_it(olga: User) -> None:
    client = client_of(olga)
    assert " +00</time>" in client.get(f"/users/{olga.pk}/").text
    assert client.post("/settings/", {"time_zone": "Asia/Kolkata"}).headers["Location"] == "/settings/"
    assert " +05:30</time>" in client.get(f"/users/{olga.pk}/").text
    page = client.get("/settings/")
    assert "Asia/Kolkata, UTC+05:30" in page.text
    # Choosing none is a choice of the list.
    assert "(optional)" not in page.text
    assert '<option value="Asia/Kolkata" selected>' in page.text
    assert timezone.get_current_timezone_name() == "UTC"
    event = AuditEvent.objects.get(action="user.set_time_zone")
    assert (event.actor, event.before, event.after) == (olga, {"time_zone": ""}, {"time_zone": "Asia/Kolkata"})
    client.post("/settings/", {"time_zone": "Asia/Kolkata"})
    assert AuditEvent.objects.filter(action="user.set_time_zone").count() == 1


def test_zone_of_one_is_not_the_zone_of_another(olga: User, settings: Any) -> None:
    settings.DISPLAY_TIME_ZONE = "Asia/Shanghai"
    client_of(olga).post("/settings/", {"time_zone": "America/New_York"})
    assert "America/New_York, UTC-0" in client_of(olga).get("/").text
    assert "Asia/Shanghai, UTC+08" in client_of(make_user("omar", "operator")).get("/").text
    assert "Asia/Shanghai, UTC+08" in client_of(make_user("amir", "approver")).get("/nowhere/").text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "\0", "a" * 5000])
def test_zone_that_does_not_exist_is_refused_and_changes_nothing(olga: User, zone: str) -> None:
    client = client_of(olga)
    client.post("/settings/", {"time_zone": "Asia/Tokyo"})
    page = client.post("/settings/", {"time_zone": zone})
    assert page.status_code == 200
    assert 'id="id_time_zone_error"' in page.text
    olga.refresh_from_db()
    assert olga.time_zone == "Asia/Tokyo"


def test_zone_that_a_newer_database_has_dropped_falls_back(olga: User) -> None:
    User.objects.filter(pk=olga.pk).update(time_zone="Asia/Atlantis")
    assert "UTC, UTC+00" in client_of(olga).get("/settings/").text


def test_password_is_changed_by_who_knows_it_and_other_browsers_are_signed_out(olga: User) -> None:
    here, there = signed_in(olga), signed_in(olga)
    answer = here.post("/settings/password/", {"current": OLD, "password": NEW, "again": NEW})
    assert answer.headers["Location"] == "/settings/"
    assert here.get("/settings/").status_code == 200
    assert there.get("/settings/").headers["Location"].startswith("/sign-in/")
    olga.refresh_from_db()
    assert olga.check_password(NEW)
    assert AuditEvent.objects.filter(action="user.set_password", actor=olga, outcome="done").count() == 1


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"current": "wrong", "password": NEW, "again": NEW}, "id_current_error"),
        ({"current": OLD, "password": "short", "again": "short"}, "id_password_error"),
        ({"current": OLD, "password": NEW, "again": "other"}, "id_again_error"),
    ],
)
def test_password_that_cannot_be_taken_is_refused_beside_its_field(
    olga: User, sent: dict[str, str], error: str
) -> None:
    page = signed_in(olga).post("/settings/password/", sent)
    assert f'id="{error}"' in page.text
    assert NEW not in page.text
    olga.refresh_from_db()
    assert olga.check_password(OLD)


def test_open_session_is_no_way_to_guess_the_password(olga: User) -> None:
    client = signed_in(olga)
    for _try in range(6):
        page = client.post("/settings/password/", {"current": "wrong", "password": NEW, "again": NEW})
    assert "Too many" in page.text
    tries = AuditEvent.objects.exclude(outcome="done").order_by("pk").values_list("action", "outcome", "actor_name")
    assert list(tries) == [("user.set_password", "failed", "olga")] * 5 + [("user.set_password", "refused", "olga")]
    right = client.post("/settings/password/", {"current": OLD, "password": NEW, "again": NEW})
    assert right.status_code == 200
    olga.refresh_from_db()
    assert olga.check_password(OLD)
