"""Saved views: one's own names for filters of a list, few of them, each name once."""

import pytest

from tests.factories import make_user
from upgrades.models import AuditEvent, SavedView, User
from upgrades.services import saved_views
from upgrades.services.moves import Invalid, TooLate

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera() -> User:
    return make_user("vera", "viewer")


def keep(user: User, name: str = "Night", query: str = "q=night", page: str = "clusters", **over: bool) -> SavedView:
    return saved_views.save(user=user, page=page, name=name, query=query, **over)


def refusal(user: User, **over: str) -> str:
    with pytest.raises(Invalid) as refused:
        keep(user, **over)
    return refused.value.reason.code


def test_a_name_is_taken_once_a_person_and_list_whatever_its_case(vera: User) -> None:
    keep(vera, "  Night \t shift ")
    assert refusal(vera, name="NIGHT SHIFT") == "saved_view.name_taken"
    keep(vera, "night shift", page="packages")
    keep(make_user("olga"), "night shift")
    assert sorted(SavedView.objects.values_list("name", flat=True)) == ["Night shift", "night shift", "night shift"]


def test_the_view_of_a_name_is_replaced_by_who_says_so(vera: User) -> None:
    first = keep(vera)
    again = keep(vera, "NIGHT", "q=other", replaces=True)
    assert (again.pk, SavedView.objects.get().query, SavedView.objects.get().name) == (first.pk, "q=other", "NIGHT")
    keep(vera, "New", replaces=True)
    assert SavedView.objects.count() == 2


def test_names_and_queries_have_their_bounds(vera: User) -> None:
    assert [refusal(vera, name=name) for name in ("", " \x00 ", "x" * 61)] == ["saved_view.name_length"] * 3
    assert [refusal(vera, query=query) for query in ("", "q=" + "x" * 4000)] == ["saved_view.nothing_to_keep"] * 2
    assert refusal(vera, page="users") == "saved_view.nothing_to_keep"
    keep(vera, "\u591c" * 60)
    assert set(AuditEvent.objects.filter(outcome="refused").values_list("action", flat=True)) == {"user.save_view"}


def test_thirty_views_of_a_list_are_enough(vera: User) -> None:
    for number in range(saved_views.MOST):
        keep(vera, f"view {number}")
    assert refusal(vera) == "saved_view.too_many"
    keep(vera, "view 7", "q=other", replaces=True)
    keep(vera, page="runs")


def test_a_view_is_renamed_and_deleted_and_the_audit_tells(vera: User) -> None:
    view, _other = keep(vera), keep(vera, "Day")
    with pytest.raises(Invalid):
        saved_views.rename(view=SavedView.objects.get(pk=view.pk), name="DAY", actor=vera)
    saved_views.rename(view=view, name="night", actor=vera)
    saved_views.delete(view=view, actor=vera)
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Day"]
    told = AuditEvent.objects.filter(outcome="done").order_by("pk").values_list("action", "subject_name")
    names = ["user.save_view", "user.save_view", "user.rename_view", "user.delete_view"]
    assert list(told) == [(name, "vera") for name in names]


def test_nobody_touches_the_view_of_another_or_one_that_is_gone(vera: User) -> None:
    view, olga = keep(vera), make_user("olga")
    with pytest.raises(TooLate):
        saved_views.rename(view=view, name="Mine", actor=olga)
    with pytest.raises(TooLate):
        saved_views.delete(view=view, actor=olga)
    gone = SavedView.objects.get()
    saved_views.delete(view=SavedView.objects.get(), actor=vera)
    with pytest.raises(TooLate):
        saved_views.rename(view=gone, name="Back", actor=vera)
    assert not SavedView.objects.exists()
