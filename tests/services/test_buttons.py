"""What a request offers to each person: allowed, or why not and who could."""

import pytest

from tests import scenes
from tests.factories import make_user
from upgrades.models import ChangeRequest
from upgrades.services import actions, change_requests

pytestmark = pytest.mark.django_db(transaction=True)


def shown(change_request, person):
    return {state.action: state for state in actions.actions(change_request, person)}


def test_what_only_its_requester_may_names_the_requester(cast):
    state = shown(scenes.in_review(cast), cast.omar)["take_back"]
    assert (state.is_allowed, state.reason.code, state.who) == (False, "move.not_permitted", [cast.olga])


def test_what_operators_may_names_those_of_the_environment(cast):
    make_user("oda", ("operator", "dev"))
    change_request = scenes.approved(cast)
    states = shown(change_request, cast.uma)
    assert states["start"].who == [cast.olga, cast.omar]
    assert (shown(change_request, cast.omar)["start"].is_allowed, shown(change_request, cast.omar)["start"].who) == (
        True,
        [],
    )


def test_what_was_sent_back_is_not_sent_again_unchanged(cast):
    change_request = scenes.in_review(cast)
    change_requests.take_back(change_request=change_request, actor=cast.olga)
    assert shown(change_request, cast.olga)["submit"].reason.code == "change_request.unchanged_since_sent_back"
    ChangeRequest.objects.update(revision=2)
    change_request.refresh_from_db()
    assert shown(change_request, cast.olga)["submit"].is_allowed


def test_who_has_approved_may_still_send_it_back_and_nothing_else(cast):
    change_request = scenes.approved(cast)
    change_request.refresh_from_db()
    states = shown(change_request, cast.amir)
    assert states["send_back"].is_allowed
    assert not states["start"].is_allowed
