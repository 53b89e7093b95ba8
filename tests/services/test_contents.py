"""What a request may say, to the letter, and what it is refused for."""

import pytest
from django.db import IntegrityError

from tests import scenes
from tests.services.test_change_requests import refusal
from upgrades.models import ChangeRequest, Cluster
from upgrades.services import contents, moves

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = contents.PURPOSE_LIMIT
GOOD = {"target_file_name": scenes.TARGET, "purpose": "Fixes 2291.", "impact": "", "ticket": ""}


@pytest.fixture
def cluster(cast):
    return Cluster.objects.get(name=scenes.CLUSTER)


@pytest.mark.parametrize("over", [{}, {"purpose": "x" * LIMIT}, {"impact": "y" * LIMIT}, {"ticket": "OPS-12"}])
def test_what_fits_is_taken_as_it_is(cluster, over):
    assert contents.checked(cluster, **GOOD | over) == GOOD | over


def test_space_around_it_is_dropped(cluster):
    assert contents.checked(cluster, **GOOD | {"purpose": " a\n", "impact": "\tb "}) == GOOD | {
        "purpose": "a",
        "impact": "b",
    }


@pytest.mark.parametrize(
    ("over", "code", "field"),
    [
        ({"purpose": "x" * (LIMIT + 1)}, "form.purpose_too_long", "purpose"),
        ({"impact": "x" * (LIMIT + 1)}, "form.purpose_too_long", "impact"),
        ({"purpose": " \n"}, "form.purpose_missing", "purpose"),
        ({"target_file_name": "no-such.rpm"}, "package.unknown", "target_file_name"),
        ({"target_file_name": "oceanbase-4.3.3.0-100000142024101215.el7.x86_64.rpm"}, "path.wall", "target_file_name"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(cluster, over, code, field):
    with pytest.raises(moves.Invalid) as invalid:
        contents.checked(cluster, **GOOD | over)
    assert (invalid.value.reason.code, invalid.value.field) == (code, field)


def test_a_ticket_that_is_none_is_refused(cluster):
    assert refusal(contents.checked, cluster, **GOOD | {"ticket": "x" * 10_000})[0] is moves.Invalid


def test_a_row_that_the_database_refuses_for_another_reason_is_an_error_of_ours(cast, cluster):
    with pytest.raises(IntegrityError):
        contents.insert(ChangeRequest(endpoint=cluster.endpoint, cluster=cluster, requester=cast.olga, quorum=0))
