"""Another address for an endpoint: two admins, the same evidence, no credentials carried over."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_run, make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, mirror, refused
from tests.views.pages import text_of
from upgrades import selectors
from upgrades.models import AuditEvent, ClusterHold, Decision, Endpoint, UpgradeRun, User
from upgrades.services import address_changes, administration, decisions, endpoints, expiring, staleness
from upgrades.services.moves import Forbidden, Invalid, TooLate

pytestmark = pytest.mark.django_db

NEW = "https://ocp-2.example.com:8443"


@pytest.fixture
def admin() -> User:
    return make_user("ada", "admin")


@pytest.fixture
def other() -> User:
    return make_user("ben", "admin")


def proposed(endpoint: Endpoint, actor: User, **over: Any) -> Decision:
    given: dict[str, Any] = {
        "base_url": NEW,
        "is_http_allowed": False,
        "purpose": "OCP moves to another rack.",
        "evidence_hash": decisions.evidence_hash(address_changes.evidence(endpoint)),
    }
    return address_changes.propose(endpoint=endpoint, actor=actor, **given | over)


def confirmed(decision: Decision, actor: User, *, is_read: bool = True) -> None:
    address_changes.confirm(decision=decision, evidence_hash=decision.evidence_hash, actor=actor, is_read=is_read)


def test_two_admins_move_an_endpoint_and_its_credentials_stay_behind(admin: User, other: User) -> None:
    endpoint = make_endpoint(rate_limited_until=timezone.now() + timedelta(hours=1), failure_count=3)
    decision = proposed(endpoint, admin)
    confirmed(decision, other)
    moved = Endpoint.objects.get()
    assert (moved.base_url, moved.is_http_allowed, moved.credentials) == (NEW, False, "")
    assert (moved.rate_limited_until, moved.failure_count) == (None, 0)
    assert moved.lock_version == endpoint.lock_version + 1
    why = endpoints.why_not_read(moved, selectors.database_now())
    assert why is not None
    assert why.code == "endpoint.credentials_missing"
    decision.refresh_from_db()
    assert (decision.status, decision.confirmer) == ("done", other)
    event = AuditEvent.objects.get(action="endpoint.move")
    assert (event.actor, event.before["base_url"], event.after["base_url"]) == (other, endpoint.base_url, NEW)
    assert event.after["proposer"] == "ada"


def test_after_the_move_an_admin_enters_the_credentials(admin: User, other: User) -> None:
    endpoint = make_endpoint()
    confirmed(proposed(endpoint, admin), other)
    endpoint.refresh_from_db()
    page = text_of(client_of(admin), f"/endpoints/{endpoint.pk}/")
    assert "No credentials are stored" in page
    entry = administration.Entry(
        endpoint.name, NEW, endpoint.account_name, "basic", "", "new secret", "", False, True, "file_name"
    )
    administration.edit(actor=admin, endpoint=endpoint, entry=entry, lock_version=endpoint.lock_version)
    assert endpoints.why_not_read(Endpoint.objects.get(), selectors.database_now()) is None


def test_nobody_confirms_an_own_proposal_and_only_admins_of_all_decide(admin: User, other: User) -> None:
    endpoint = make_endpoint()
    decision = proposed(endpoint, admin)
    for person in (admin, make_user("olga", "operator", "approver"), make_user("dora", ("admin", "dev"))):
        with pytest.raises(Forbidden):
            confirmed(decision, person)
        assert refused("decision.confirm", person) == 1
    dora = User.objects.get(username="dora")
    with pytest.raises(Forbidden):
        proposed(endpoint, dora)
    with pytest.raises(Forbidden):
        decisions.withdraw(decision=decision, actor=dora)
    assert Decision.objects.visible_to(dora).count() == 0
    assert Decision.objects.visible_to(make_user("uma", "auditor")).count() == 1
    assert decision.purpose not in text_of(client_of(dora), f"/endpoints/{endpoint.pk}/")
    assert [selectors.inbox(person).to_confirm for person in (admin, other, dora)] == [[], [decision], []]
    assert Endpoint.objects.get().base_url == endpoint.base_url


def test_while_a_run_is_open_nothing_moves(admin: User, other: User) -> None:
    endpoint = make_endpoint()
    decision = proposed(endpoint, admin)
    run = make_run(make_change_request(make_cluster(endpoint)))
    with pytest.raises(TooLate) as refusal:
        confirmed(decision, other)
    assert refusal.value.reason.code == "endpoint.run_open"
    decisions.withdraw(decision=decision, actor=other)
    with pytest.raises(TooLate) as refusal:
        proposed(endpoint, admin)
    assert refusal.value.reason.code == "endpoint.run_open"
    assert Endpoint.objects.get().base_url == endpoint.base_url
    assert run.endpoint_id == endpoint.pk


def test_what_moved_meanwhile_ends_the_confirming(admin: User, other: User) -> None:
    endpoint = make_endpoint()
    stale = decisions.evidence_hash(address_changes.evidence(endpoint))
    decision = proposed(endpoint, admin)
    make_cluster(endpoint)
    with pytest.raises(TooLate) as refusal:
        confirmed(decision, other)
    assert refusal.value.reason.code == "decision.evidence_moved"
    with pytest.raises(TooLate):
        address_changes.confirm(decision=decision, evidence_hash=stale, actor=other, is_read=True)
    decisions.withdraw(decision=decision, actor=admin)
    with pytest.raises(TooLate):
        proposed(endpoint, admin, evidence_hash=stale)


@pytest.mark.parametrize(
    ("over", "field", "code"),
    [
        ({"base_url": ""}, "base_url", "endpoint.unusable"),
        ({"base_url": "https://user:secret@ocp.example.com"}, "base_url", "endpoint.unusable"),
        ({"base_url": "http://ocp.example.com"}, "base_url", "endpoint.unusable"),
        ({"base_url": "https://taken.example.com/"}, "base_url", "endpoint.address_taken"),
        ({"purpose": " "}, "purpose", "form.purpose_missing"),
    ],
)
def test_what_cannot_be_proposed_names_its_field(admin: User, over: dict[str, Any], field: str, code: str) -> None:
    endpoint = make_endpoint()
    make_endpoint(base_url="https://taken.example.com")
    with pytest.raises(Invalid) as refusal:
        proposed(endpoint, admin, **over)
    assert (refusal.value.field, refusal.value.reason.code) == (field, code)
    with pytest.raises(Invalid) as refusal:
        proposed(endpoint, admin, base_url=endpoint.base_url.upper().replace("HTTP:", "http:"), is_http_allowed=True)
    assert refusal.value.reason.code == "endpoint.same_address"


def test_one_proposal_at_a_time_and_it_runs_out(admin: User, other: User) -> None:
    endpoint = make_endpoint()
    decision = proposed(endpoint, admin)
    with pytest.raises(TooLate) as refusal:
        proposed(endpoint, other)
    assert refusal.value.reason.code == "endpoint.address_proposed"
    Decision.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(TooLate):
        confirmed(decision, other)
    expiring.expire_all()
    decision.refresh_from_db()
    assert decision.status == "expired"
    assert proposed(endpoint, other).status == "proposed"


def test_an_address_that_the_environment_names_is_changed_there(admin: User, settings: Any) -> None:
    endpoint = make_endpoint()
    settings.OCP_URL, settings.OCP_USERNAME = endpoint.base_url, endpoint.account_name
    with pytest.raises(TooLate) as refusal:
        proposed(endpoint, admin)
    assert refusal.value.reason.code == "endpoint.named_by_environment"
    settings.OCP_URL = ""
    decision = proposed(endpoint, admin)
    settings.OCP_URL = endpoint.base_url
    with pytest.raises(TooLate) as refusal:
        confirmed(decision, make_user("ben", "admin"))
    assert refusal.value.reason.code == "endpoint.named_by_environment"


def test_while_a_cluster_is_held_the_address_stays(admin: User) -> None:
    cluster = make_cluster(make_endpoint())
    run = make_run(make_change_request(cluster))
    UpgradeRun.objects.filter(pk=run.pk).update(status="abandoned")
    ClusterHold.objects.get_or_create(cluster=cluster, defaults={"run": run})
    with pytest.raises(TooLate) as refusal:
        proposed(cluster.endpoint, admin)
    assert refusal.value.reason.code == "endpoint.cluster_held"


def test_requests_that_wait_turn_stale() -> None:
    cast = Cast()
    cluster = mirror()
    change_request = in_review(cast, cluster)
    other = make_user("ben", "admin")
    staleness.check_all(cluster.endpoint_id)
    confirmed(proposed(cluster.endpoint, cast.ada), other)
    change_request.refresh_from_db()
    assert change_request.status == "stale"


def test_a_decision_is_about_a_run_or_an_endpoint(admin: User) -> None:
    decision = proposed(make_endpoint(), admin)
    for wrong in ({"kind": "abandon"}, {"endpoint": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.filter(pk=decision.pk).update(**wrong)


def test_the_page_leads_from_the_proposal_to_the_move(admin: User, other: User) -> None:
    endpoint = make_endpoint()
    page = f"/endpoints/{endpoint.pk}/"
    form = {
        "base_url": NEW,
        "purpose": "",
        "evidence_hash": decisions.evidence_hash(address_changes.evidence(endpoint)),
    }
    answer = client_of(admin).post(f"{page}address/", form)
    assert (answer.status_code, NEW in answer.text) == (400, True)
    assert client_of(admin).post(f"{page}address/", form | {"purpose": "Moves."}).status_code == 302
    decision = Decision.objects.get()
    assert "another admin of all environments confirms" in text_of(client_of(admin), page)
    assert NEW in text_of(client_of(other), "/inbox/")
    act = {"evidence_hash": decision.evidence_hash}
    again = client_of(other).post(f"/decisions/{decision.pk}/confirm/", act)
    assert again.status_code == 400
    assert client_of(make_user("olga", "operator")).post(f"/decisions/{decision.pk}/confirm/", act).status_code == 404
    cache.clear()
    done = client_of(other).post(f"/decisions/{decision.pk}/confirm/", act | {"is_read": "on"}, follow=True)
    assert "Enter its credentials" in done.text
    assert Endpoint.objects.get().base_url == NEW
