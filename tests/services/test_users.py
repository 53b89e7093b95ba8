"""People: adding, roles, leaving, links. The last admin stays."""

import threading

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from upgrades.models import AuditEvent, Grant, User
from upgrades.services import users
from upgrades.services.moves import Forbidden, Invalid, TooLate

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return users.add(actor=None, username="gao.peng", full_name="Gao Peng", grants=[("admin", "")])


@pytest.fixture
def second_admin() -> User:
    return users.add(actor=None, username="ada", full_name="Ada", grants=[("admin", "")])


def grants_of(user: User) -> set[tuple[str, str]]:
    return set(Grant.objects.filter(user=user).values_list("role", "environment"))


def last_event() -> AuditEvent:
    return AuditEvent.objects.latest("id")


def test_added_person_has_roles_no_password_and_an_audit_event(admin: User) -> None:
    user = users.add(
        actor=admin, username="wang.lei", full_name="Wang Lei", grants=[("operator", ""), ("approver", "dev")]
    )
    assert grants_of(user) == {("operator", ""), ("approver", "dev")}
    assert not user.has_usable_password()
    event = last_event()
    assert (event.action, event.actor, event.subject_id) == ("user.add", admin, str(user.pk))
    assert event.after["grants"] == ["approver:dev", "operator:*"]


def test_username_that_differs_only_in_case_is_taken(admin: User) -> None:
    with pytest.raises(Invalid) as refusal:
        users.add(actor=admin, username="Gao.Peng", full_name="", grants=[])
    assert refusal.value.reason.code == "user.username_taken"
    assert refusal.value.field == "username"


@pytest.mark.parametrize("grant", [("boss", ""), ("operator", "moon")])
def test_unknown_role_or_environment_is_refused(admin: User, grant: tuple[str, str]) -> None:
    with pytest.raises(Invalid):
        users.add(actor=admin, username="wang.lei", full_name="", grants=[grant])
    assert not User.objects.filter(username="wang.lei").exists()


@pytest.mark.parametrize(
    "grants", [[("operator", "")], [("auditor", "")], [("admin", "dev")], [("viewer", "")], [("approver", "")]]
)
def test_only_an_admin_of_all_environments_changes_people(admin: User, grants: list[tuple[str, str]]) -> None:
    other = users.add(actor=None, username="other", full_name="", grants=grants)
    acts = [
        lambda: users.add(actor=other, username="x", full_name="", grants=[]),
        lambda: users.set_grants(actor=other, user=other, grants=[("admin", "")]),
        lambda: users.deactivate(actor=other, user=admin),
        lambda: users.reactivate(actor=other, user=admin),
        lambda: users.make_reset_link(actor=other, user=admin),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
        assert (last_event().outcome, last_event().actor) == ("refused", other)
    assert grants_of(other) == set(grants)


def test_superuser_flag_gives_no_right(admin: User) -> None:
    root = User.objects.create(username="root", is_superuser=True)
    with pytest.raises(Forbidden):
        users.deactivate(actor=root, user=admin)


def test_last_admin_cannot_be_deactivated_or_lose_the_role(admin: User) -> None:
    for act in (
        lambda: users.deactivate(actor=admin, user=admin),
        lambda: users.set_grants(actor=admin, user=admin, grants=[("admin", "dev")]),
    ):
        with pytest.raises(TooLate) as refusal:
            act()
        assert refusal.value.reason.code == "user.last_admin"
        assert last_event().outcome == "refused"
    admin.refresh_from_db()
    assert admin.is_active
    assert grants_of(admin) == {("admin", "")}


def test_deactivated_admin_does_not_count_as_the_last_one(admin: User, second_admin: User) -> None:
    users.deactivate(actor=admin, user=second_admin)
    with pytest.raises(TooLate):
        users.set_grants(actor=admin, user=admin, grants=[])


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one(admin: User, second_admin: User) -> None:
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def remove(actor: User, user: User) -> None:
        barrier.wait(timeout=10)
        try:
            users.set_grants(actor=actor, user=user, grants=[])
            outcomes.append("done")
        except (TooLate, Forbidden) as refusal:
            outcomes.append(refusal.reason.code)
        finally:
            connection.close()

    pairs = [(admin, second_admin), (second_admin, admin)]
    threads = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    # Who comes once the other has ended is an admin no more.
    assert sorted(outcomes) in (["done", "user.last_admin"], ["done", "user.needs_admin"])
    assert Grant.objects.filter(role="admin", environment="").count() == 1


def test_new_roles_are_kept_told_and_end_the_sessions(admin: User) -> None:
    user = users.add(actor=admin, username="wang.lei", full_name="", grants=[("viewer", "")])
    client = Client()
    client.force_login(user)
    bystander = Client()
    bystander.force_login(admin)
    users.set_grants(actor=admin, user=user, grants=[("operator", "dev"), ("viewer", "")])
    assert grants_of(user) == {("operator", "dev"), ("viewer", "")}
    assert user.has_role("operator", "dev")
    event = last_event()
    assert event.before["grants"] == ["viewer:*"]
    assert event.after["grants"] == ["operator:dev", "viewer:*"]
    assert not Session.objects.filter(pk=client.session.session_key).exists()
    assert Session.objects.filter(pk=bystander.session.session_key).exists()


def test_same_roles_again_change_and_say_nothing(admin: User) -> None:
    before = AuditEvent.objects.count()
    users.set_grants(actor=admin, user=admin, grants=[("admin", "")])
    assert AuditEvent.objects.count() == before


def test_deactivated_person_is_out_at_once_and_may_come_back(admin: User) -> None:
    user = users.add(actor=admin, username="wang.lei", full_name="", grants=[("viewer", "")])
    client = Client()
    client.force_login(user)
    key = client.session.session_key
    users.deactivate(actor=admin, user=user)
    assert not SessionStore().exists(key)
    assert not user.is_active
    with pytest.raises(TooLate):
        users.deactivate(actor=admin, user=user)
    users.reactivate(actor=admin, user=user)
    assert user.is_active
    assert grants_of(user) == {("viewer", "")}
    with pytest.raises(TooLate):
        users.reactivate(actor=admin, user=user)


def test_link_sets_a_password_once(admin: User) -> None:
    user = users.add(actor=admin, username="wang.lei", full_name="", grants=[])
    token = users.make_reset_link(actor=admin, user=user)
    stale = User.objects.get(pk=user.pk)
    users.set_password(user=user, token=token, password="a long new password")
    assert user.check_password("a long new password")
    # A second holder of the link, who read the row before the first one used it.
    with pytest.raises(TooLate):
        users.set_password(user=stale, token=token, password="another password")
    user.refresh_from_db()
    assert user.check_password("a long new password")


def test_link_of_a_deactivated_person_is_dead(admin: User) -> None:
    user = users.add(actor=admin, username="wang.lei", full_name="", grants=[])
    token = users.make_reset_link(actor=admin, user=user)
    users.deactivate(actor=admin, user=user)
    assert not users.is_link_good(user=user, token=token)
    with pytest.raises(TooLate):
        users.set_password(user=user, token=token, password="a long new password")
    with pytest.raises(TooLate):
        users.make_reset_link(actor=admin, user=user)


def test_link_stands_in_no_audit_event(admin: User) -> None:
    user = users.add(actor=admin, username="wang.lei", full_name="", grants=[])
    token = users.make_reset_link(actor=admin, user=user)
    for event in AuditEvent.objects.all():
        assert token not in f"{event.before}{event.after}{event.comment}{event.reason}"
