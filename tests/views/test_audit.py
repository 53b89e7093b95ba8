"""The audit page: what each person sees, what the filters find, how one event is opened, how the chain stands."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, mirror
from upgrades import audit, selectors
from upgrades.models import AuditEvent, ChainState, Cluster, Environment, User
from upgrades.rules import Reason
from upgrades.services import checking, sealing
from upgrades.views.audit import PAGE

pytestmark = pytest.mark.django_db

PAGE_URL = "/audit/"


@pytest.fixture
def cast() -> Cast:
    return Cast()


def write(subject: Any = None, action: str = "user.sign_in", **over: Any) -> AuditEvent:
    return audit.record(action, subject=subject, **over)


def shown(user: User, **query: Any) -> list[int]:
    """The numbers of the events on the page, from the top."""
    page = client_of(user).get(PAGE_URL, query).content.decode()
    return [int(part.split('"')[0]) for part in page.split('<tr id="event-')[1:]]


def cluster_in(environment: str) -> Cluster:
    return mirror(f"core_{environment}", environment=environment)


def test_an_auditor_sees_all_and_others_what_is_in_their_environments(cast: Cast) -> None:
    dev, production = cluster_in(Environment.DEV), cluster_in(Environment.PRODUCTION)
    events = [write(cluster, "cluster.set_environment").pk for cluster in (dev, production)]
    sign_in = write(cast.olga).pk
    assert shown(cast.uma) == [sign_in, events[1], events[0]]
    assert shown(cast.olga) == [events[1], events[0]]
    assert shown(make_user("dev.only", ("viewer", Environment.DEV))) == [events[0]]
    assert shown(make_user("dev.auditor", ("auditor", Environment.DEV))) == [events[0]]
    assert shown(make_user("nobody")) == []
    assert Client().get(PAGE_URL).headers["Location"] == f"/sign-in/?next={PAGE_URL}"
    assert client_of(cast.uma).post(PAGE_URL).status_code == 405


def test_the_filters_of_the_address_find_what_they_name(cast: Cast) -> None:
    change_request = in_review(cast, cluster_in(Environment.DEV))
    sign_in = write(cast.olga, actor=cast.olga).pk
    refused = write(change_request, "change_request.vote", actor=cast.olga, outcome="refused").pk
    written = set(shown(cast.uma)) - {sign_in, refused}
    assert set(shown(cast.uma, action="user")) == {sign_in}
    assert set(shown(cast.uma, action="change_request")) == written | {refused}
    assert set(shown(cast.uma, actor="Olga", outcome="refused")) == {refused}
    assert set(shown(cast.uma, actor="system")) == set()
    assert set(shown(cast.uma, number=change_request.number.lower())) == written | {refused}
    assert set(shown(cast.uma, number=change_request.pk + 1)) == set()
    assert set(shown(cast.uma, environment="dev")) == written | {refused}
    assert set(shown(cast.uma, environment="production")) == set()


def test_several_acts_a_request_id_and_a_trace_are_found(cast: Cast) -> None:
    with_origin = audit.origin.set(audit.Origin("9d0177ce00000000", "10.0.0.7"))
    one = write(action="user.sign_in").pk
    audit.origin.reset(with_origin)
    other = write(action="user.sign_out", trace_id="8ae3").pk
    third = write(action="hold.free").pk
    assert shown(cast.uma, action=["user.sign_in", "hold"]) == [third, one]
    assert shown(cast.uma, action="user") == [other, one]
    assert shown(cast.uma, request_id="9d01 77ce 0000 0000") == [one]
    assert shown(cast.uma, trace_id="8ae3") == [other]
    assert shown(cast.uma, action=["user.nothing"]) == [third, other, one]
    page = client_of(cast.uma).get(PAGE_URL, {"action": ["user.sign_in", "hold"]}).content.decode()
    assert page.count(" checked>") == 2
    assert "/audit/export/?action=user.sign_in&amp;action=hold&amp;format=csv" in page


def chain_on(page: Client) -> str:
    """What the page says of the chain."""
    return page.get(PAGE_URL).content.decode().partition("</header>")[2].partition('<section class="card"')[0]


def test_the_page_says_how_far_is_sealed_and_never_more_than_was_checked(cast: Cast) -> None:
    page = client_of(cast.uma)
    assert "Nothing is sealed yet." in chain_on(page)
    event = write()
    sealing.seal_new()
    text = chain_on(page)
    assert f"Sealed to event {event.pk} of" in text
    assert "(seal 1)" in text
    assert "Not checked yet." in text
    checking.check_due()
    write()
    sealing.seal_new()
    text = chain_on(page)
    assert "(seal 2)" in text
    assert "Checked to seal 1 at" in text


def test_what_was_found_stands_over_the_trail_with_whom_to_call(cast: Cast) -> None:
    found = Reason("seal.event_changed", {"seq": 7, "event": 9, "at": "2026-11-21T01:02:03.000004Z"})
    ChainState.objects.create(pk=1, checked_seq=12, checked_at=datetime.now(UTC), findings=[found.to_json()])
    text = chain_on(client_of(cast.uma))
    assert 'role="alert"' in text
    assert "Event 9 of 2026-11-21T01:02:03.000004Z was changed after seal 7 was set on it." in text
    assert "Call uma and whoever" in text


def test_an_event_tells_what_it_changed_and_its_seal(cast: Cast) -> None:
    before = {"same": 1, "gone": "\u202ea", "moved": [1]}
    event = write(before=before, after={"same": 1, "moved": [1, 2], "new": {"a": None}})
    sealing.seal_new()
    page = client_of(cast.uma).get(PAGE_URL, {"event": event.pk}).content.decode()
    kinds = {
        part.partition("<code>")[2].partition("<")[0]: part.partition('"')[0] for part in page.split('data-kind="')[1:]
    }
    assert kinds == {"same": "same", "moved": "changed", "new": "added", "gone": "removed"}
    for text in ("<del>[1]</del>", "<ins>[1, 2]</ins>", "<ins>{&quot;a&quot;: null}</ins>", "<del>\\u202ea</del>"):
        assert text in page
    assert selectors.head_of_chain().hash[:4] in page


def test_days_are_those_of_the_display_zone_and_both_count(cast: Cast, settings: Any) -> None:
    event = write()
    today = datetime.now(UTC).date().isoformat()
    assert shown(cast.uma, first_day=today, last_day=today) == [event.pk]
    assert shown(cast.uma, last_day="2020-01-01") == []
    assert shown(cast.uma, first_day="2998-01-01") == []


def test_a_day_long_past_is_found_below_all_that_came_later(cast: Cast) -> None:
    old, later = (
        AuditEvent.objects.create(action="user.sign_in", at=datetime(2026, month, 1, 9, tzinfo=UTC)).pk
        for month in (1, 3)
    )
    assert shown(cast.uma, last_day="2026-01-01") == [old]
    assert shown(cast.uma, last_day="2026-03-01") == [later, old]
    assert shown(cast.uma, first_day="2026-01-02", last_day="2026-02-28") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [({"number": "CR-x"}, "id_number_error"), ({"first_day": "9999-12-31"}, "id_first_day_error")],
)
def test_a_filter_that_makes_no_sense_says_so_beside_it_and_filters_nothing(
    cast: Cast, query: dict[str, str], field: str
) -> None:
    event = write()
    assert shown(cast.uma, **query) == [event.pk]
    assert f'id="{field}"' in client_of(cast.uma).get(PAGE_URL, query).content.decode()


def test_one_event_is_opened_in_place_with_all_that_was_written(cast: Cast) -> None:
    cluster = cluster_in(Environment.DEV)
    event = write(
        cluster,
        "cluster.set_environment",
        actor=cast.ada,
        before={"environment": "production"},
        after={"environment": "<b>dev</b>"},
        reason=Reason("cluster.taken"),
        comment="Agreed with Sun Hao.",
        trace_id="8ae3dcf2e4374658",
    )
    page = client_of(cast.uma).get(PAGE_URL, {"event": event.pk}).content.decode()
    for text in (
        "<del>production</del>",
        "<ins>&lt;b&gt;dev&lt;/b&gt;</ins>",
        "Agreed with Sun Hao.",
        "8ae3dcf2e4374658",
        "ada",
    ):
        assert text in page
    assert "8ae3dcf2e4374658" not in client_of(cast.uma).get(PAGE_URL).content.decode()
    assert "8ae3dcf2e4374658" not in client_of(make_user("nobody")).get(PAGE_URL, {"event": event.pk}).content.decode()


def test_times_show_milliseconds_and_the_zone(cast: Cast, settings: Any) -> None:
    event = write()
    event.refresh_from_db()
    page = client_of(cast.uma).get(PAGE_URL).content.decode()
    assert f"{event.at:%H:%M:%S}.{event.at.microsecond // 1000:03d} +00" in page


def test_older_events_follow_on_the_next_page_and_a_link_to_one_begins_there(cast: Cast) -> None:
    numbers = [write().pk for _ in range(PAGE + 3)][::-1]
    assert shown(cast.uma) == numbers[:PAGE]
    page = client_of(cast.uma).get(PAGE_URL).content.decode()
    assert f"?before={numbers[PAGE - 1]}" in page
    assert shown(cast.uma, before=numbers[PAGE - 1]) == numbers[PAGE:]
    assert shown(cast.uma, event=numbers[-1]) == numbers[-1:]
    assert shown(cast.uma, event="x", before="-1") == numbers[:PAGE]


def test_an_empty_page_says_whether_a_filter_or_nothing_is_the_cause(cast: Cast) -> None:
    assert "Nothing is written yet" in client_of(cast.uma).get(PAGE_URL).content.decode()
    filtered = client_of(cast.uma).get(PAGE_URL, {"action": "run"}).content.decode()
    assert "No event matches" in filtered
    assert reverse("audit-list") in filtered
