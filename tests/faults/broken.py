"""The product, broken on purpose: what the checker must notice. Everything is mended when the test ends."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.conftest import clean_database
from upgrades import audit
from upgrades.models import UpgradeRun
from upgrades.ocp import calls, words
from upgrades.ocp.client import OcpClient
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import OcpError
from upgrades.rules import policy
from upgrades.services import endpoints, plans, sending, sweeping
from upgrades.services.budget import Budget

# A key or unique constraint over exactly these columns, and the foreign keys that lean on it.
_CONSTRAINTS = """
SELECT c.conname, c.conrelid::regclass::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
WHERE c.contype IN ('p', 'u') AND c.conrelid = %(table)s::regclass AND %(columns)s::text[] = ARRAY(
    SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) ORDER BY 1)
UNION ALL
SELECT f.conname, f.conrelid::regclass::text, pg_get_constraintdef(f.oid) FROM pg_constraint f
WHERE f.contype = 'f' AND f.confrelid = %(table)s::regclass AND %(is_key)s
"""


@contextmanager
def without_unique(superuser_url: str, table: str, *columns: str, is_key: bool = False) -> Iterator[None]:
    """The table without its unique constraint on `columns`; `is_key`: its primary key, and what leans on it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        wanted = {"table": table, "columns": sorted(columns), "is_key": is_key}
        found = connection.execute(_CONSTRAINTS, wanted).fetchall()
        assert found, f"{table} has no unique {columns}"
        for name, place, _definition in reversed(found):
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            connection.execute(drop.format(sql.Identifier(place), sql.Identifier(name)))
        try:
            yield
        finally:
            clean_database(superuser_url)
            for name, place, definition in found:
                add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
                words_of_it = sql.SQL(definition)
                connection.execute(add.format(sql.Identifier(place), sql.Identifier(name), words_of_it))


def tamper(superuser_url: str, *statements: str) -> None:
    """Run SQL as somebody who rules the database, past the triggers."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def forget_event(patch: pytest.MonkeyPatch, forgotten: str) -> None:
    """No audit event of the action `forgotten` is written."""
    record = audit.record

    def forgetful(action: str, **about: Any) -> Any:
        return None if action == forgotten else record(action, **about)

    patch.setattr(audit, "record", forgetful)


def retry_posts(patch: pytest.MonkeyPatch) -> None:
    """A lost POST is sent again, as a GET is."""

    def post(client: OcpClient, path: str, body: bytes | None = None) -> Any:
        request = calls.requests.Request("POST", f"{client._base_url}{path}", headers=calls._HEADERS, data=body)
        return client._transport.repeatedly(request, Deadline(10), 2)

    patch.setattr(OcpClient, "_post", post)


def trust_fingerprints(patch: pytest.MonkeyPatch) -> None:
    """Whatever the rebuilt plan says, it counts as the approved one."""
    rebuild = plans.rebuild

    def trusting(change_request: Any) -> plans.Built:
        return plans.Built(rebuild(change_request).content, change_request.fingerprint)

    patch.setattr(plans, "rebuild", trusting)


def _post_again(run: UpgradeRun) -> None:
    try:
        endpoints.client(run.endpoint).upgrade(run.cluster_ocp_id, run.body.encode())
    except OcpError:
        return


def post_again_in_doubt(patch: pytest.MonkeyPatch) -> None:
    """Strategy A: an answer that says nothing is answered by the same POST again."""
    settle = sending.settle

    def hasty(run: UpgradeRun, answer: Any, *, trace_id: str | None) -> None:
        settle(run, answer, trace_id=trace_id)
        if run.status == "unconfirmed":
            _post_again(run)

    patch.setattr(sending, "settle", hasty)


def post_again_after_the_list(patch: pytest.MonkeyPatch) -> None:
    """Strategy B: where OCP's list shows no task, the same POST again."""
    look = sweeping._look

    def trusting(run: UpgradeRun, client: OcpClient, budget: Budget) -> None:
        look(run, client, budget)
        run.refresh_from_db()
        if run.status == "unconfirmed" and not run.candidates:
            _post_again(run)

    patch.setattr(sweeping, "_look", trusting)


def mistake_children_for_parents(patch: pytest.MonkeyPatch) -> None:
    """The sweep takes everything but a parent for one."""
    is_parent = words.is_upgrade_parent
    patch.setattr(words, "is_upgrade_parent", lambda task: not is_parent(task))


def count_everybody(patch: pytest.MonkeyPatch) -> None:
    """No four eyes: requester and editors vote, and count."""
    judge = policy.judge

    def anybody(rules: policy.Policy, votes: Sequence[policy.VoteFact], **of_it: Any) -> policy.Verdict:
        return judge(rules, votes, **{**of_it, "requester_id": 0, "editor_ids": ()})

    patch.setattr(policy, "judge", anybody)
    patch.setattr(policy, "why_may_not_vote", lambda candidate, votes, **of_it: None)


def reopen(patch: pytest.MonkeyPatch, table: Mapping[str, Any], move: Any) -> None:
    """The machine `run` gets one move more: `move`, out of a final status."""
    patch.setitem(table, "run", (move, *[row for row in table["run"] if row.action != move.action]))  # type: ignore[arg-type]
