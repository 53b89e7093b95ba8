"""The people's pages: who may look, who may change, what a form says, what a link does."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from upgrades.models import AuditEvent, Grant, User

pytestmark = pytest.mark.django_db

GOOD = "a long new password"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> User:
    return make_user("gao.peng", "admin", full_name="Gao Peng")


@pytest.fixture
def auditor() -> User:
    return make_user("sun.hao", "auditor")


@pytest.fixture
def operator() -> User:
    return make_user("wang.lei", "operator", ("viewer", "dev"), full_name="Wang Lei")


READING = ["users-list", "users-detail"]
CHANGING = ["users-grants", "users-deactivate", "users-reactivate", "users-link"]


def address(name: str, user: User) -> str:
    return reverse(name) if name in {"users-list", "users-create"} else reverse(name, args=[user.pk])


@pytest.mark.parametrize("name", READING)
def test_admins_and_auditors_look_at_people_and_nobody_else(
    name: str, admin: User, auditor: User, operator: User
) -> None:
    assert client_of(admin).get(address(name, operator)).status_code == 200
    assert client_of(auditor).get(address(name, operator)).status_code == 200
    assert client_of(operator).get(address(name, operator)).status_code == 403
    assert client_of(make_user("dev.admin", ("admin", "dev"))).get(address(name, operator)).status_code == 403
    assert Client().get(address(name, operator)).headers["Location"].startswith("/sign-in/?next=")


def test_auditor_is_not_offered_the_form_of_a_new_person(auditor: User, admin: User) -> None:
    assert client_of(auditor).get(reverse("users-create")).status_code == 403
    assert client_of(admin).get(reverse("users-create")).status_code == 200


@pytest.mark.parametrize("name", [*CHANGING, "users-create"])
def test_nobody_but_an_admin_of_all_environments_changes_people(
    name: str, auditor: User, operator: User, admin: User
) -> None:
    for user in (auditor, operator, make_user("dev.admin", ("admin", "dev"))):
        values = {"username": "new", "full_name": "New", "grants": "admin:"}
        assert client_of(user).post(address(name, admin), values).status_code == 403
    admin.refresh_from_db()
    assert admin.is_active
    assert set(admin.grants.values_list("role", "environment")) == {("admin", "")}
    assert not User.objects.filter(username="new").exists()


@pytest.mark.parametrize("name", CHANGING)
def test_changes_need_a_post_with_a_token(name: str, admin: User, operator: User) -> None:
    assert client_of(admin).get(address(name, operator)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    answer = strict.post(address(name, operator))
    assert answer.status_code == 403
    assert "older than your sign-in" in answer.text


def test_auditor_sees_the_buttons_locked_with_the_reason(auditor: User, operator: User) -> None:
    text = client_of(auditor).get(reverse("users-detail", args=[operator.pk])).text
    assert text.count('aria-disabled="true"') == 3
    assert text.count("Admins of all environments can change them.") == 3
    assert 'type="submit" class="btn btn--main"' not in text.split("<dialog")[0]


def test_admin_adds_a_person_who_then_sets_a_password_and_signs_in(admin: User) -> None:
    client = client_of(admin)
    answer = client.post(
        reverse("users-create"),
        {"username": "lin.yue", "full_name": "Lin Yue", "grants": ["approver:", "viewer:dev"]},
        follow=True,
    )
    user = User.objects.get(username="lin.yue")
    assert set(user.grants.values_list("role", "environment")) == {("approver", ""), ("viewer", "dev")}
    assert "No password yet" in answer.text
    answer = client.post(reverse("users-link", args=[user.pk]))
    assert "no-store" in answer.headers["Cache-Control"]
    found = re.search(r"<code>http://testserver(/set-password/[^<]+)</code>", answer.text)
    assert found is not None
    link = found[1]
    person = Client()
    assert "lin.yue" in person.get(link).text
    short = person.post(link, {"password": "short", "again": "short"})
    assert short.status_code == 200
    assert "too short" in short.text
    differ = person.post(link, {"password": GOOD, "again": GOOD + "x"})
    assert "The two passwords differ." in differ.text
    assert person.post(link, {"password": GOOD, "again": GOOD}).headers["Location"] == "/sign-in/"
    assert person.get(link).status_code == 404
    assert person.post("/sign-in/", {"username": "lin.yue", "password": GOOD}).headers["Location"] == "/"
    assert person.get("/").status_code == 200


@pytest.mark.parametrize("link", ["/set-password/MQ/x-y/", "/set-password/zzzz/abc/", "/set-password/99999999/a-b/"])
def test_forged_link_says_that_it_is_dead(link: str, admin: User) -> None:
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "no longer works" in answer.text


def test_taken_username_is_told_beside_its_field_and_keeps_the_form(admin: User, operator: User) -> None:
    answer = client_of(admin).post(
        reverse("users-create"), {"username": "Wang.Lei", "full_name": "Other", "grants": ["viewer:"]}
    )
    assert answer.status_code == 200
    assert "The username Wang.Lei is taken." in answer.text
    assert 'value="Other"' in answer.text
    assert re.search(r'value="viewer:" checked', answer.text)


def test_roles_are_saved_and_signed_out_people_come_back_with_them(admin: User, operator: User) -> None:
    theirs = client_of(operator)
    answer = client_of(admin).post(reverse("users-grants", args=[operator.pk]), {"grants": ["auditor:"]}, follow=True)
    assert "The roles of Wang Lei were saved." in answer.text
    assert theirs.get("/").status_code == 302
    assert client_of(operator).get(reverse("users-list")).status_code == 200


def test_grant_outside_the_table_is_refused(admin: User, operator: User) -> None:
    answer = client_of(admin).post(reverse("users-grants", args=[operator.pk]), {"grants": ["root:"]})
    assert answer.status_code == 400
    assert Grant.objects.filter(user=operator).count() == 2


def test_last_admin_gets_a_page_that_says_why_not(admin: User) -> None:
    answer = client_of(admin).post(reverse("users-deactivate", args=[admin.pk]))
    assert answer.status_code == 409
    assert "the last admin" in answer.text
    assert answer.headers["X-Request-Id"][:4] in answer.text


def test_deactivated_person_is_out_and_the_sign_in_does_not_say_so(admin: User, operator: User) -> None:
    operator.set_password(GOOD)
    operator.save(update_fields=["password"])
    theirs = client_of(operator)
    client_of(admin).post(reverse("users-deactivate", args=[operator.pk]))
    assert theirs.get("/").status_code == 302
    answer = theirs.post("/sign-in/", {"username": "wang.lei", "password": GOOD})
    assert "do not fit together" in answer.text
    client_of(admin).post(reverse("users-reactivate", args=[operator.pk]))
    assert theirs.post("/sign-in/", {"username": "wang.lei", "password": GOOD}).status_code == 302


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("users-create", "user.add"),
        ("users-grants", "user.set_grants"),
        ("users-deactivate", "user.deactivate"),
        ("users-reactivate", "user.reactivate"),
        ("users-link", "user.reset_link"),
    ],
)
def test_try_to_change_people_without_the_right_is_recorded(
    name: str, action: str, auditor: User, operator: User
) -> None:
    values = {"username": "new", "full_name": "New", "grants": "admin:"}
    assert client_of(auditor).post(address(name, operator), values).status_code == 403
    event = AuditEvent.objects.get(action=action)
    assert (event.actor, event.outcome, event.reason["code"]) == (auditor, "refused", "user.needs_admin")


@pytest.mark.parametrize("name", CHANGING)
def test_nobody_learns_who_exists_from_a_refusal(name: str, operator: User) -> None:
    client = client_of(operator)
    assert client.post(reverse(name, args=[10_000])).status_code == 403
    assert client.get(reverse("users-detail", args=[10_000])).status_code == 403


def test_admin_who_changes_own_roles_is_signed_out_and_not_lost(admin: User) -> None:
    make_user("other.admin", "admin")
    client = client_of(admin)
    assert client.get("/").status_code == 200
    session = client.session
    session["seen_at"] -= 300
    session.save()
    answer = client.post(reverse("users-grants", args=[admin.pk]), {"grants": ["viewer:"]})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/")
    assert set(admin.grants.values_list("role", flat=True)) == {"viewer"}


def test_roles_that_could_not_be_saved_are_kept_in_the_tab(admin: User) -> None:
    text = client_of(admin).get(reverse("users-detail", args=[admin.pk])).text
    assert f'data-keep="grants-{admin.pk}"' in text
