"""Two endpoints that show one server: the later one is only read until an admin says that they are two."""

import pytest

from tests.factories import make_change_request, make_cluster, make_endpoint, make_run, make_server, make_user
from tests.views.pages import client_of, page_of, text_of
from upgrades.models import AuditEvent, Cluster, ClusterHold, Endpoint, Server, User
from upgrades.services import identity
from upgrades.services.moves import Forbidden, TooLate

pytestmark = pytest.mark.django_db


@pytest.fixture
def earlier() -> Cluster:
    return make_cluster(make_endpoint(name="first"), name="trade", zones=1)


@pytest.fixture
def later(earlier: Cluster) -> Cluster:
    """A cluster of another endpoint, one server of which has the address of one of `earlier`'s."""
    cluster = make_cluster(make_endpoint(name="second"), name="trade", zones=1)
    shared = earlier.servers.get()
    make_server(cluster, ip=shared.ip, port=shared.port)
    return cluster


@pytest.fixture
def admin() -> User:
    return make_user("ada", "admin")


def why(cluster: Cluster) -> str:
    reason = identity.why_only_read([Cluster.objects.get(pk=cluster.pk)])
    return reason.code if reason else ""


def test_the_later_one_is_only_read_and_the_earlier_one_is_not(earlier: Cluster, later: Cluster) -> None:
    assert (why(earlier), why(later)) == ("", "start.server_elsewhere")
    assert identity.doubt(earlier.endpoint) is None
    found = identity.doubt(later.endpoint)
    assert found is not None
    assert (found.endpoint, found.cluster, found.address) == (earlier.endpoint, later, earlier.servers.get().address)


def test_while_a_run_of_the_later_one_holds_the_server_nothing_starts_at_the_earlier_one(
    earlier: Cluster, later: Cluster, admin: User
) -> None:
    ClusterHold.objects.create(cluster=later, run=make_run(make_change_request(later)))
    assert why(earlier) == "start.server_elsewhere"
    identity.tell_apart(actor=admin, endpoint=later.endpoint, other_id=earlier.endpoint_id)
    assert why(earlier) == ""


def test_an_admins_word_ends_the_doubt_and_is_kept(earlier: Cluster, later: Cluster, admin: User) -> None:
    for role in ("viewer", "operator", "approver", "auditor"):
        with pytest.raises(Forbidden):
            identity.tell_apart(actor=make_user(role, role), endpoint=later.endpoint, other_id=earlier.endpoint_id)
    identity.tell_apart(actor=admin, endpoint=later.endpoint, other_id=earlier.endpoint_id)
    assert why(later) == ""
    assert identity.doubt(Endpoint.objects.get(name="second")) is None
    event = AuditEvent.objects.get(action="endpoint.tell_apart", outcome=AuditEvent.Outcome.DONE)
    assert (event.actor, event.after["other"], event.after["cluster"]) == (admin, "first", "trade")
    with pytest.raises(TooLate):
        identity.tell_apart(actor=admin, endpoint=later.endpoint, other_id=earlier.endpoint_id)


def test_a_word_about_one_endpoint_is_none_about_a_third(earlier: Cluster, later: Cluster, admin: User) -> None:
    shared = earlier.servers.get()
    third = make_cluster(make_endpoint(name="third"), zones=0)
    make_server(third, ip=shared.ip, port=shared.port)
    identity.tell_apart(actor=admin, endpoint=third.endpoint, other_id=earlier.endpoint_id)
    found = identity.doubt(Endpoint.objects.get(name="third"))
    assert found is not None
    assert found.endpoint == later.endpoint
    assert why(third) == "start.server_elsewhere"


@pytest.mark.parametrize("moved", ["first", "second"])
def test_another_address_takes_the_word_back(earlier: Cluster, later: Cluster, admin: User, moved: str) -> None:
    identity.tell_apart(actor=admin, endpoint=later.endpoint, other_id=earlier.endpoint_id)
    identity.forget_words(Endpoint.objects.get(name=moved).pk)
    assert why(later) == "start.server_elsewhere"


@pytest.mark.parametrize("is_gone", ["server", "cluster", "endpoint"])
def test_what_the_earlier_one_shows_no_more_is_no_doubt(earlier: Cluster, later: Cluster, is_gone: str) -> None:
    if is_gone == "endpoint":
        Endpoint.objects.filter(name="first").update(is_active=False)
    else:
        row: Server | Cluster = earlier.servers.get() if is_gone == "server" else earlier
        type(row).objects.filter(pk=row.pk).update(missing_since=row.observed_at)
    assert why(later) == ""
    assert identity.doubt(later.endpoint) is None


def test_its_pages_say_so_and_an_admin_says_there_that_they_are_two(
    earlier: Cluster, later: Cluster, admin: User
) -> None:
    address = f"/endpoints/{later.endpoint_id}/"
    vera = client_of(make_user("vera", "viewer"))
    assert "second is only read" in text_of(vera, address)
    assert "No upgrade can start here" in text_of(vera, page_of(later))
    assert "No upgrade can start here" not in text_of(vera, page_of(earlier))
    ada = client_of(admin)
    assert ada.post(f"{address}tell-apart/", {"other": "x"}).status_code == 400
    answer = ada.post(f"{address}tell-apart/", {"other": earlier.endpoint_id})
    assert answer.headers["Location"] == address
    assert "is only read" not in text_of(ada, address)
    assert ada.post(f"{address}tell-apart/", {"other": earlier.endpoint_id}).status_code == 409
