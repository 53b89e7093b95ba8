"""The buttons and forms of change requests: who may press what, and that nothing typed is lost."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import PURPOSE, ballot, client_of, draft, in_review, mirror, refused, target_of, url
from upgrades.models import AuditEvent, ChangeRequest, Environment, Vote
from upgrades.services import change_requests, votes

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


ACTIONS = ["votes", "submit", "start", "take-back", "withdraw", "call-off", "edit"]
NAMES = {"votes": "vote"}


@pytest.mark.parametrize("action", ACTIONS)
def test_each_button_asks_for_sign_in_hides_strangers_and_refuses_the_wrong_role(cast: Cast, action: str) -> None:
    change_request = in_review(cast)
    address = url(NAMES.get(action, action), change_request)
    stranger = make_user("stranger", ("operator", Environment.DEV))

    assert Client().post(address).headers["Location"].startswith("/sign-in/?next=")
    assert client_of(stranger).post(address).status_code == 404
    assert client_of(make_user("vera", "viewer")).post(address, ballot(change_request)).status_code == 403
    change_request.refresh_from_db()
    assert change_request.status == "in_review"


@pytest.mark.parametrize("action", ACTIONS)
def test_an_auditor_reads_everything_and_changes_nothing(cast: Cast, action: str) -> None:
    change_request = in_review(cast)
    client = client_of(cast.uma)
    name = NAMES.get(action, action)

    assert client.get(url("detail", change_request)).status_code == 200
    assert client.post(url(name, change_request), ballot(change_request)).status_code == 403
    assert client.post(url(name, change_request)).status_code == 403
    assert refused(f"change_request.{name.replace('-', '_')}", cast.uma) == 2
    assert AuditEvent.objects.filter(actor=cast.uma).exclude(outcome="refused").count() == 0


def test_an_auditor_cannot_write_a_request_with_or_without_a_cluster(cast: Cast) -> None:
    cluster = mirror()
    client = client_of(cast.uma)
    for query in ("", f"?cluster={cluster.pk}"):
        assert client.get(reverse("requests-create") + query).status_code == 403
        assert client.post(reverse("requests-create") + query, {"purpose": "x"}).status_code == 403
    assert refused("change_request.create", cast.uma) >= 2
    assert not ChangeRequest.objects.exists()


def test_the_whole_way_from_draft_to_start_goes_by_plain_forms(cast: Cast) -> None:
    cluster = mirror()
    olga, amir = client_of(cast.olga), client_of(cast.amir)
    form = olga.get(reverse("requests-create"), {"cluster": cluster.pk}).content.decode()
    assert target_of(cluster) in form

    content = {"target_file_name": target_of(cluster), "purpose": PURPOSE}
    answer = olga.post(f"{reverse('requests-create')}?cluster={cluster.pk}", content)
    change_request = ChangeRequest.objects.get()
    assert answer.headers["Location"] == url("detail", change_request)
    olga.post(url("submit", change_request), {"lock_version": change_request.lock_version})
    change_request.refresh_from_db()
    assert change_request.status == "in_review"

    assert "Approve the upgrade of trade_core to 4.2.1.8" in amir.get(url("detail", change_request)).content.decode()
    done = amir.post(url("vote", change_request), ballot(change_request), follow=True)
    assert "is approved; nothing was started" in done.content.decode()
    olga.post(url("start", change_request), {"fingerprint": change_request.fingerprint, "is_understood": "on"})
    change_request.refresh_from_db()
    assert (change_request.status, change_request.started_by) == ("starting", cast.olga)
    olga.post(url("call-off", change_request), {"comment": "The batch still runs."})
    olga.post(url("take-back", change_request), {"comment": "Another package."})
    olga.post(url("withdraw", change_request))
    change_request.refresh_from_db()
    assert change_request.status == "withdrawn"
    assert "The batch still runs." in amir.get(url("detail", change_request)).content.decode()


def test_the_requester_and_an_editor_cannot_vote_by_a_crafted_request(cast: Cast) -> None:
    cluster = mirror()
    both = make_user("both", "operator", "approver")
    change_request = change_requests.create(
        cluster=cluster, target_file_name=target_of(cluster), purpose=PURPOSE, actor=both
    )
    editor = make_user("editor", "operator", "approver")
    change_requests.edit(
        change_request=change_request,
        target_file_name=target_of(cluster, "4.2.1.7"),
        purpose=PURPOSE,
        lock_version=0,
        actor=editor,
    )
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=both)
    for person in (both, editor):
        page = client_of(person).get(url("detail", change_request)).content.decode()
        assert 'name="verdict"' not in page
        assert client_of(person).post(url("vote", change_request), ballot(change_request)).status_code == 403
        assert refused("change_request.vote", person) == 1
    assert not Vote.objects.exists()


def test_a_vote_on_an_older_plan_is_too_late_and_keeps_the_comment(cast: Cast) -> None:
    change_request = in_review(cast)
    old = ballot(change_request, comment="I looked at the batch times.") | {"fingerprint": "0" * 64}
    answer = client_of(cast.amir).post(url("vote", change_request), old)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "I looked at the batch times." in page
    assert f'name="fingerprint" value="{change_request.fingerprint}"' in page
    assert not Vote.objects.exists()


def test_an_edit_from_an_older_form_is_too_late_and_keeps_what_was_typed(cast: Cast) -> None:
    change_request = draft(cast)
    typed = {"target_file_name": target_of(change_request.cluster), "purpose": "My own words.", "lock_version": 7}
    for content in (typed, {**typed, "lock_version": ""}):
        answer = client_of(cast.omar).post(url("edit", change_request), content)
        assert answer.status_code == 409
        assert "My own words." in answer.content.decode()
    change_request.refresh_from_db()
    assert change_request.purpose == PURPOSE


def test_an_edit_of_what_is_in_review_is_too_late(cast: Cast) -> None:
    change_request = in_review(cast)
    assert client_of(cast.olga).get(url("edit", change_request)).status_code == 409


@pytest.mark.parametrize("comment", ["", "   ", "x" * 4001])
@pytest.mark.parametrize("verdict", ["send_back", "reject"])
def test_a_missing_or_too_long_comment_is_said_beside_the_field(cast: Cast, verdict: str, comment: str) -> None:
    change_request = in_review(cast)
    answer = client_of(cast.amir).post(url("vote", change_request), ballot(change_request, verdict, comment))
    assert answer.status_code == 400
    assert 'id="id_comment_error"' in answer.content.decode()
    assert not Vote.objects.exists()


def test_a_comment_of_4000_characters_with_line_ends_fits(cast: Cast) -> None:
    change_request = in_review(cast)
    comment = ("x" * 99 + "\r\n") * 40
    answer = client_of(cast.amir).post(url("vote", change_request), ballot(change_request, "send_back", comment))
    assert answer.status_code == 302


@pytest.mark.parametrize(("purpose", "field"), [("", "id_purpose_error"), ("x" * 4001, "id_purpose_error")])
def test_a_draft_without_a_fitting_reason_is_shown_again_with_everything(cast: Cast, purpose: str, field: str) -> None:
    cluster = mirror()
    content = {"target_file_name": target_of(cluster), "purpose": purpose}
    answer = client_of(cast.olga).post(f"{reverse('requests-create')}?cluster={cluster.pk}", content)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'id="{field}"' in page
    assert f'value="{target_of(cluster)}" checked' in page


def test_a_package_nobody_has_is_said_beside_the_packages(cast: Cast) -> None:
    cluster = mirror()
    content = {"target_file_name": "made-up.rpm", "purpose": PURPOSE}
    answer = client_of(cast.olga).post(f"{reverse('requests-create')}?cluster={cluster.pk}", content)
    assert answer.status_code == 400
    assert 'id="package-error"' in answer.content.decode()
    assert PURPOSE in answer.content.decode()


def test_a_double_click_counts_once(cast: Cast) -> None:
    change_request = in_review(cast, quorum=2)
    client = client_of(cast.amir)
    answers = [client.post(url("vote", change_request), ballot(change_request)).status_code for _ in range(2)]
    assert answers == [302, 409]
    assert Vote.objects.count() == 1
    votes.cast(
        change_request=change_request,
        verdict="approve",
        comment="",
        fingerprint=change_request.fingerprint,
        actor=cast.bea,
    )
    start = {"fingerprint": change_request.fingerprint, "is_understood": "on"}
    answers = [client_of(cast.olga).post(url("start", change_request), start).status_code for _ in range(2)]
    assert answers == [302, 409]


def test_a_character_the_database_cannot_keep_costs_nothing_else(cast: Cast) -> None:
    change_request = in_review(cast)
    content = ballot(change_request, comment="Looked at\x00 the batch times.")
    assert client_of(cast.amir).post(url("vote", change_request), content).status_code == 302
    assert Vote.objects.get().comment == "Looked at the batch times."


def test_a_start_without_the_tick_is_refused_beside_it_and_recorded(cast: Cast) -> None:
    change_request = in_review(cast)
    client_of(cast.amir).post(url("vote", change_request), ballot(change_request))
    start = {"fingerprint": change_request.fingerprint}
    answer = client_of(cast.olga).post(url("start", change_request), start)
    assert answer.status_code == 400
    assert re.search(r'id="understood-error".*?Tick that there is no way back', answer.text, re.DOTALL)
    assert f'name="fingerprint" value="{change_request.fingerprint}"' in answer.text
    assert client_of(cast.amir).post(url("start", change_request), start).status_code == 403
    change_request.refresh_from_db()
    assert change_request.status == "approved"
    assert (refused("change_request.start", cast.olga), refused("change_request.start", cast.amir)) == (1, 1)


@pytest.mark.parametrize("action", ["take-back", "withdraw"])
def test_a_comment_that_is_too_long_is_refused_and_kept(cast: Cast, action: str) -> None:
    change_request = in_review(cast)
    typed = "Not tonight. " * 400
    answer = client_of(cast.olga).post(url(action, change_request), {"comment": typed})
    assert answer.status_code == 400
    assert typed.strip() in answer.text
    change_request.refresh_from_db()
    assert change_request.status == "in_review"
