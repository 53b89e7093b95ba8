"""Which starts are due, and whose they are."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_change_request, make_cluster
from upgrades.models import ChangeRequest
from upgrades.services import submission

pytestmark = pytest.mark.django_db


def starting(seconds_ago=0, **over):
    at = timezone.now() - timedelta(seconds=seconds_ago)
    return make_change_request(make_cluster(zones=0), **{"status": "starting", "starting_at": at} | over)


def test_starts_that_nobody_claimed_are_due_the_oldest_first():
    late, early = starting(1), starting(2)
    starting(status="approved")
    starting(3, claimed_until=timezone.now() + timedelta(seconds=9))
    left = starting(4, claimed_until=timezone.now() - timedelta(seconds=1))
    assert submission.due() == [left.pk, early.pk, late.pk]


def test_no_more_than_fifty_are_named_at_once():
    for number in range(51):
        starting(number)
    assert len(submission.due()) == 50


def test_one_worker_has_a_start_until_its_claim_runs_out():
    request = starting()
    assert submission.claim(request.pk) is True
    assert submission.claim(request.pk) is False
    request.refresh_from_db()
    assert 44 < (request.claimed_until - timezone.now()).total_seconds() <= 45
    ChangeRequest.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert submission.claim(request.pk) is True


@pytest.mark.parametrize("status", ["approved", "in_progress", "withdrawn"])
def test_what_is_not_starting_is_claimed_by_nobody(status):
    assert submission.claim(starting(status=status).pk) is False
