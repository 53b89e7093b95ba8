"""Every address and who may come in: one table, and a test that fails when an address is missing from it."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils.http import urlsafe_base64_encode

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, run_of
from upgrades.models import ChangeRequest, Decision
from upgrades.services import decisions, path_files

pytestmark = pytest.mark.django_db

READ, SEND, BOTH = ("GET",), ("POST",), ("GET", "POST")


@dataclass(frozen=True)
class Door:
    """An address: its methods, and what a viewer and somebody without any role get by the first of them."""

    methods: tuple[str, ...] = READ
    viewer: int = 200
    stranger: int = 200
    is_public: bool = False


OBJECT = Door(stranger=404)
ACT = Door(SEND, viewer=403, stranger=404)
OPEN = Door(is_public=True)

DOORS = {
    "home": Door(),
    "inbox": Door(),
    "settings": Door(BOTH),
    "settings-password": Door(SEND),
    "theme": Door(SEND, viewer=302, stranger=302, is_public=True),
    # Django's own: whatever is not POST leads back and changes nothing.
    "set_language": Door(("POST", "GET", "PUT", "DELETE"), viewer=302, stranger=302, is_public=True),
    "healthz": OPEN,
    "readyz": OPEN,
    "sign-in": Door(BOTH, viewer=302, stranger=302, is_public=True),
    "sign-out": Door(SEND, viewer=302, stranger=302),
    "set-password": Door(BOTH, is_public=True),
    "clusters-list": Door(),
    "clusters-detail": OBJECT,
    "clusters-environment": ACT,
    "clusters-describe": ACT,
    "clusters-export": Door(),
    "packages-list": Door(),
    "paths-list": Door(),
    "paths-create": Door(BOTH, viewer=403, stranger=403),
    # The graph is the same for everybody, as the packages are.
    "paths-detail": Door(),
    "paths-activate": Door(SEND, viewer=403, stranger=403),
    "paths-remove": Door(SEND, viewer=403, stranger=403),
    "requests-list": Door(),
    "requests-create": Door(BOTH, viewer=403, stranger=403),
    "requests-detail": OBJECT,
    "requests-edit": Door(BOTH, viewer=403, stranger=404),
    "requests-vote": ACT,
    "requests-submit": ACT,
    "requests-start": ACT,
    "requests-take-back": ACT,
    "requests-withdraw": ACT,
    "requests-call-off": ACT,
    "runs-list": Door(),
    "runs-detail": OBJECT,
    "runs-snapshot": OBJECT,
    "runs-graph": OBJECT,
    "runs-log": OBJECT,
    "runs-look-again": ACT,
    "decisions-propose": ACT,
    "decisions-confirm": ACT,
    "decisions-withdraw": ACT,
    "endpoints-list": Door(),
    "endpoints-create": Door(BOTH, viewer=403, stranger=403),
    "endpoints-detail": OBJECT,
    "endpoints-edit": Door(BOTH, viewer=403, stranger=403),
    "endpoints-switch": Door(SEND, viewer=403, stranger=403),
    "endpoints-test": Door(SEND, viewer=403, stranger=403),
    "audit-list": Door(),
    "users-list": Door(viewer=403, stranger=403),
    "users-create": Door(BOTH, viewer=403, stranger=403),
    "users-detail": Door(viewer=403, stranger=403),
    "users-grants": Door(SEND, viewer=403, stranger=403),
    "users-deactivate": Door(SEND, viewer=403, stranger=403),
    "users-reactivate": Door(SEND, viewer=403, stranger=403),
    "users-link": Door(SEND, viewer=403, stranger=403),
}


def names() -> set[str]:
    """Every named address of the product."""
    return {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """The address of the door under test, with a real object behind it."""
    name: str = request.getfixturevalue("name")
    cast = Cast()
    change_request = in_review(cast)
    if name.startswith(("runs-", "decisions-")):
        decision = _decided(change_request, cast)
        about_run = name.startswith("runs-") or name == "decisions-propose"
        numbers = [] if name == "runs-list" else [decision.run_id if about_run else decision.pk]
        # A log is that of one subtask.
        return reverse(name, args=numbers) + ("?node=1/1" if name == "runs-log" else "")
    values = {
        "clusters": change_request.cluster_id,
        "requests": change_request.pk,
        "endpoints": change_request.endpoint_id,
        "users": cast.olga.pk,
        "paths": path_files.upload(endpoint=change_request.endpoint, text="- version: 4.2.1.8", actor=cast.ada).pk,
    }
    if name == "set-password":
        user = cast.olga
        return reverse(
            name, args=[urlsafe_base64_encode(str(user.pk).encode()), default_token_generator.make_token(user)]
        )
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=[values[name.partition("-")[0]]])


def _decided(change_request: ChangeRequest, cast: Cast) -> Decision:
    run = run_of(change_request)
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    return decisions.propose(run=run, kind="abandon", purpose="Nothing.", evidence_hash=shown, actor=cast.olga)


def test_every_address_stands_in_the_table() -> None:
    assert names() == set(DOORS)


@pytest.mark.parametrize("name", sorted(DOORS))
class TestDoor:
    def test_without_a_sign_in_only_public_ones_open(self, name: str, address: str) -> None:
        door = DOORS[name]
        answer = Client().generic(door.methods[0], address)
        leads_to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/")
        assert leads_to_sign_in != door.is_public
        if not door.is_public:
            assert Client(headers={"Sec-Fetch-Dest": "empty"}).generic(door.methods[0], address).status_code == 401

    def test_viewers_and_strangers_get_what_the_table_says(self, name: str, address: str) -> None:
        door = DOORS[name]
        viewer, stranger = make_user("vera", "viewer"), make_user("nobody")
        assert client_of(viewer).generic(door.methods[0], address).status_code == door.viewer
        assert client_of(stranger).generic(door.methods[0], address).status_code == door.stranger

    def test_other_methods_are_refused(self, name: str, address: str) -> None:
        door = DOORS[name]
        client = client_of(make_user("vera", "viewer"))
        for method in {"GET", "POST", "PUT", "DELETE"} - set(door.methods):
            answer = client.generic(method, address)
            assert answer.status_code == 405, f"{method} answers {answer.status_code}"
