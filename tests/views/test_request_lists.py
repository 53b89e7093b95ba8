"""The lists of requests and runs: filters in the address, pages by key, nothing counted; how long each is good for."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_user
from tests.scenes import Cast
from tests.views.acting import client_of, draft, in_review, mirror, run_of, url
from tests.views.pages import text_of
from upgrades.models import ChangeRequest, Package, UpgradeRun
from upgrades.services import change_requests, moves, staleness
from upgrades.views.keyset import PAGE

pytestmark = pytest.mark.django_db
REQUESTS, RUNS = reverse("requests-list"), reverse("runs-list")


@pytest.fixture
def cast() -> Cast:
    return Cast()


def numbers(client: Client, address: str) -> list[int]:
    """The requests or runs that a list shows, in order."""
    return [int(number) for number in re.findall(r'class="name" href="/[a-z-]+/(\d+)/"', text_of(client, address))]


def test_requests_are_found_by_cluster_number_environment_person_and_period(cast: Cast) -> None:
    pay = draft(cast, mirror("Pay_core", environment="dev"))
    shop = in_review(cast, mirror("shop_core"))
    other = change_requests.create(
        cluster=shop.cluster, target_file_name=shop.target_file_name, purpose="-", actor=cast.omar
    )
    ChangeRequest.objects.filter(pk=pay.pk).update(created_at=timezone.now() - timedelta(days=9))
    client = client_of(cast.amir)
    week = (timezone.now() - timedelta(days=7)).date()
    for query, found in {
        "": [other, shop, pay],
        "?q=pay": [pay],
        f"?q=cr-{shop.pk}": [shop],
        "?environment=dev": [pay],
        "?requester=OMA": [other],
        f"?first_day={week}": [other, shop],
        f"?last_day={week}": [pay],
        "?vote=on": [shop],
        "?vote=on&status=ended": [],
        "?environment=moon&first_day=x": [other, shop, pay],
    }.items():
        assert numbers(client, REQUESTS + query) == [row.pk for row in found], query


def test_runs_are_found_by_cluster_environment_person_and_period(cast: Cast) -> None:
    old = run_of(in_review(cast, mirror("pay_core", environment="dev")), "verified")
    new = run_of(in_review(cast, mirror("shop_core")))
    UpgradeRun.objects.filter(pk=old.pk).update(intent_at=timezone.now() - timedelta(days=9))
    week = (timezone.now() - timedelta(days=7)).date()
    for query, found in {
        "": [new, old],
        "?q=PAY": [old],
        "?environment=production": [new],
        "?requester=olga": [new, old],
        "?requester=omar": [],
        f"?last_day={week}": [old],
        "?state=ended": [old],
        f"?first_day={week}&state=ended": [],
    }.items():
        assert numbers(client_of(cast.uma), RUNS + query) == [row.pk for row in found], query


def test_both_lists_go_on_by_key_and_count_nothing() -> None:
    reader, endpoint = make_user("vera", "viewer"), make_endpoint()
    for _ in range(PAGE + 3):
        run_of(make_change_request(make_cluster(endpoint, zones=0), requester=reader))
    client = client_of(reader)
    for address in (REQUESTS, RUNS):
        first = numbers(client, address)
        link = re.findall(r'rel="next" href="([^"]+)"', text_of(client, address))[0]
        with CaptureQueriesContext(connection) as captured:
            second = numbers(client, address + link)
        asked = [query["sql"] for query in captured.captured_queries]
        assert (len(first), len(second)) == (PAGE, 3)
        assert first + second == sorted({*first, *second}, reverse=True)
        assert 'rel="next"' not in text_of(client, address + link)
        assert len([sql for sql in asked if "LIMIT 51" in sql]) == 1, asked
        # The navigation counts what needs the reader and what runs; the list counts nothing.
        assert len([sql for sql in asked if "COUNT(*)" in sql and "LIMIT 51" not in sql]) == 2, asked


@pytest.mark.parametrize(
    ("left", "words", "is_near"),
    [
        (timedelta(days=3, minutes=5), "3 d left", False),
        (timedelta(hours=26, minutes=1), "26 h left", False),
        (timedelta(hours=5, minutes=1), "5 h left", True),
        (timedelta(minutes=12, seconds=30), "12 min left", True),
        (timedelta(seconds=-5), "ends now", True),
    ],
)
def test_time_left_is_told_on_page_list_and_inbox_and_marked_near_the_end(
    cast: Cast, left: timedelta, words: str, is_near: bool
) -> None:
    change_request = in_review(cast)
    ChangeRequest.objects.filter(pk=change_request.pk).update(expires_at=timezone.now() + left)
    client = client_of(cast.amir)
    for address in (url("detail", change_request), REQUESTS, reverse("inbox")):
        shown = re.findall(r'<span class="left"([^>]*)>.*?</svg>([^<]+)</span>', text_of(client, address), re.DOTALL)
        assert [(("warning" in mark), text.strip()) for mark, text in shown] == [(is_near, words)], address


def test_an_ended_request_has_no_time_left(cast: Cast) -> None:
    change_request = in_review(cast)
    change_requests.withdraw(change_request=change_request, actor=cast.olga)
    assert 'class="left"' not in text_of(client_of(cast.amir), url("detail", change_request))


def test_what_was_asked_for_stands_above_the_edit_and_the_voter_is_told_what_changed(cast: Cast) -> None:
    change_request = in_review(cast)
    sent = {"verdict": "send_back", "comment": "Say who is hit.", "fingerprint": change_request.fingerprint}
    client_of(cast.bea).post(url("vote", change_request), sent)
    olga = client_of(cast.olga)
    for name in ("detail", "edit"):
        assert "Say who is hit." in text_of(olga, url(name, change_request)).partition('<form class="cols"')[0], name
    change_request.refresh_from_db()
    form = {
        "target_file_name": change_request.target_file_name, "purpose": change_request.purpose,
        "impact": "Shops close early.", "lock_version": change_request.lock_version,
    }  # fmt: skip
    assert olga.post(url("edit", change_request), form).status_code == 302
    change_request.refresh_from_db()
    olga.post(url("submit", change_request), {"lock_version": change_request.lock_version})
    page = text_of(client_of(cast.bea), url("detail", change_request))
    assert "Different since your vote" in page
    assert '<span class="now said">Shops close early.</span>' in page


def test_a_stale_request_shows_the_difference_and_is_renewed_by_one_button_in_its_thread(cast: Cast) -> None:
    change_request = in_review(cast)
    client = client_of(cast.olga)
    client.post(url("comment", change_request), {"text": "Batch ends at 00:40."})
    Package.objects.filter(file_name=change_request.target_file_name).update(sha1="f" * 40)
    staleness.check(change_request)
    change_request.refresh_from_db()
    page = text_of(client, url("detail", change_request))
    assert change_request.status == "stale"
    assert f'<span class="now said">{"f" * 40}</span>' in page
    assert 'href="#differences"' in page
    assert f"Renew {change_request.number} with the plan as it is now" in page
    client.post(url("submit", change_request), {"lock_version": change_request.lock_version})
    change_request.refresh_from_db()
    assert (change_request.status, change_request.revision) == ("in_review", 2)
    assert "Batch ends at 00:40." in text_of(client, url("detail", change_request))


def test_a_request_that_goes_on_is_not_copied(cast: Cast) -> None:
    change_request = in_review(cast)
    with pytest.raises(moves.TooLate):
        change_requests.create(
            cluster=change_request.cluster, target_file_name=change_request.target_file_name, purpose="-",
            copied_from=change_request, actor=cast.olga,
        )  # fmt: skip
