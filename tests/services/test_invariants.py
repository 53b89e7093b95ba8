"""manage.py invariants: silent over what the product did, and red for each row that somebody broke past it."""

import io

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tests import scenes
from tests.followed import submit
from tests.scenes import Cast
from upgrades.selectors.invariants import INVARIANTS
from upgrades.services import change_requests, sealing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(look_alike, settings, transactional_db):
    """A run that OCP took, a request in review, an approved one, all of it sealed."""
    scenes.connect(look_alike, settings)
    cast = Cast()
    run = submit(scenes.starting(cast))
    approved = scenes.approved(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    change_requests.withdraw(change_request=approved, actor=cast.olga)
    sealing.seal_new()
    return run


def told(*only: str) -> tuple[list[str], str]:
    """The invariants that the command calls broken, and all that it says."""
    out = io.StringIO()
    try:
        call_command("invariants", *(["--only", *only] if only else []), stdout=out)
    except CommandError as error:
        return str(error).removeprefix("Broken: ").rstrip(".").split(", "), out.getvalue()
    return [], out.getvalue()


def test_nothing_is_broken_by_the_product_itself(town):
    broken, text = told()
    assert broken == [], text
    lines = text.splitlines()
    assert [line.split()[0] for line in lines] == list(INVARIANTS)
    assert all(line.split()[1] == "holds" for line in lines)


RUN = "UPDATE upgrades_upgraderun SET "
REQUEST = "UPDATE upgrades_changerequest SET "
EVENT = (
    "INSERT INTO upgrades_auditevent (at, action, outcome, actor_name, subject_type, subject_id, subject_name, "
    "environment, before, after, comment, request_id, trace_id, address) "
)
SENT_AGAIN = EVENT + (
    "SELECT now(), 'run.send', 'done', '', 'upgraderun', change_request_id::text, '', '', '{}', '{}', '', '', '', '' "
    "FROM upgrades_upgraderun"
)
LEFT_THE_END = EVENT + (
    "SELECT now(), 'change_request.start', 'done', '', 'changerequest', id::text, '', '', "
    """'{"status": "approved"}', '{"status": "starting"}', '', '', '', '' """
    "FROM upgrades_changerequest WHERE status = 'withdrawn'"
)


@pytest.mark.parametrize(
    ("statement", "broken", "code"),
    [
        (SENT_AGAIN, "I1", "invariant.sends"),
        ("DELETE FROM upgrades_auditevent WHERE action = 'run.intend'", "I1", "invariant.intents"),
        ("DELETE FROM upgrades_auditevent WHERE action = 'run.send'", "I1", "invariant.sends"),
        (RUN + "body = '{}'", "I2", "invariant.other_body"),
        (RUN + "fingerprint = repeat('0', 64)", "I2", "invariant.other_plan"),
        (REQUEST + "fingerprint = repeat('0', 64) WHERE status = 'in_progress'", "I2", "invariant.other_fingerprint"),
        ("DELETE FROM upgrades_vote", "I2", "invariant.too_few_votes"),
        ("UPDATE upgrades_vote SET verdict = 'reject'", "I2", "invariant.too_few_votes"),
        (
            "UPDATE upgrades_changerequest SET requester_id = (SELECT voter_id FROM upgrades_vote LIMIT 1)",
            "I2",
            "invariant.too_few_votes",
        ),
        ("DELETE FROM upgrades_clusterhold", "I3", "invariant.not_held"),
        (REQUEST + "status = 'done' WHERE status = 'in_progress'", "I4", "invariant.not_alike"),
        (REQUEST + "status = 'in_progress' WHERE status = 'withdrawn'", "I4", "invariant.no_run"),
        (
            RUN + "status = 'submitting', ocp_task_id = NULL, intent_at = now() - interval '1 hour'",
            "I4",
            "invariant.still_submitting",
        ),
        (LEFT_THE_END, "I5", "invariant.move_skipped"),
        (
            """UPDATE upgrades_auditevent SET after = '{"status": "verified"}' WHERE action = 'run.accept'""",
            "I5",
            "invariant.move_illegal",
        ),
        (RUN + "status = 'failed'", "I6", "invariant.not_in_audit"),
        ("DELETE FROM upgrades_auditevent WHERE action = 'run.accept'", "I6", "invariant.not_in_audit"),
        ("DELETE FROM upgrades_auditevent WHERE action = 'run.accept'", "I7", "seal.event_removed"),
        ("UPDATE upgrades_auditevent SET comment = 'other' WHERE action = 'run.send'", "I7", "seal.event_changed"),
        (REQUEST + "status = 'approved', expires_at = now() - interval '1 h' WHERE status = 'withdrawn'", "stuck",
         "invariant.expiry_stuck"),
        (
            REQUEST + "status = 'starting', starting_at = now() - interval '1 h' WHERE status = 'withdrawn'",
            "stuck",
            "invariant.start_stuck",
        ),
        (RUN + "unreadable_since = now() - interval '1 day'", "stuck", "invariant.run_unread"),
    ],
)  # fmt: skip
def test_a_row_that_somebody_broke_is_found(town, services, statement, broken, code):
    with psycopg.connect(services.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        assert superuser.execute(statement).rowcount > 0
    found, text = told()
    assert broken in found, text
    assert f" {code}: " in text


def test_two_open_runs_on_one_cluster_are_found(town, services):
    with psycopg.connect(services.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "CREATE TEMP TABLE copy AS SELECT * FROM upgrades_upgraderun;"
            "UPDATE copy SET change_request_id = (SELECT id FROM upgrades_changerequest WHERE status = 'withdrawn'),"
            " ocp_task_id = 4711; INSERT INTO upgrades_upgraderun SELECT * FROM copy"
        )
    found, text = told("I3")
    assert found == ["I3"]
    assert "invariant.two_open_runs" in text
