"""The checker is itself proved: a clean story stays green, and each break of the product turns it red."""

import subprocess
import sys

import pytest

from tests import followed, scenes
from tests.faults import checker
from tests.scenes import Cast
from upgrades.services import sealing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def endpoint(look_alike, settings):
    return scenes.connect(look_alike, settings)


def test_a_story_from_the_draft_to_verified_is_clean(look_alike, endpoint, read_records):
    run = followed.posted(Cast())
    before = read_records(look_alike)
    assert checker.violations(before, is_settled=False) == []
    followed.advance(look_alike, followed.TO_THE_END)
    followed.follow(run)
    assert followed.verify(run).status == "verified"
    sealing.seal_new()
    records = read_records(look_alike)
    assert checker.violations(records, is_settled=True, earlier=before) == []
    assert (len(records.posts), len(records.runs), len(records.sealed)) == (1, 1, len(records.events))


def test_the_checker_shares_no_code_with_the_product():
    code = "import sys, tests.faults.checker; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'psycopg'" in loaded
    assert not [name for name in ("upgrades", "ocpdash", "django", "celery") if f"'{name}'" in loaded]
