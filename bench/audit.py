"""P12: 1,000,000 audit events: sealed, verified, shown through each filter, taken away as a file.

Its own PostgreSQL and Redis. Floors of the same batch: the rows read and hashed without a chain, an empty view of ours,
the same page at 100 events. Run from the root: python -m bench.audit
"""

from __future__ import annotations

import hashlib
import resource
import sys
from collections.abc import AsyncIterator, Callable
from time import perf_counter, process_time
from typing import cast

from asgiref.sync import async_to_sync
from django.db import connections
from django.http import QueryDict
from django.test import Client

from bench.frame import backend, own_services
from bench.record import backend_seconds, record, spent, timed
from tests.factories import make_user
from upgrades import selectors
from upgrades.forms.audit import AuditFilterForm
from upgrades.models import AuditEvent, User
from upgrades.rules import Reason
from upgrades.services import checking, sealing
from upgrades.views.audit import PAGE

# Another number may be given on the command line; the figures say which.
EVENTS, FEW = int((sys.argv[1:] or ["1000000"])[0]), 100
TURNS = 15
# As a year of a busy house looks: most events are the following's, some filters find one in ten thousand.
FILL = """INSERT INTO upgrades_auditevent (at, action, outcome, actor_id, actor_name, subject_type, subject_id,
    subject_name, change_request_id, environment, before, after, reason, comment, request_id, trace_id, address)
SELECT now() - interval '365 days' + n * interval '31 seconds',
    (ARRAY['run.verify', 'run.accept', 'user.sign_in', 'change_request.vote', 'hold.take', 'hold.free'])[1 + n %% 6],
    (ARRAY['done', 'done', 'done', 'refused'])[1 + n %% 4],
    CASE WHEN n %% 3 = 0 THEN NULL ELSE 1 + n %% 40 END, 'user' || n %% 40, 'upgraderun', (n / 50)::text,
    'CR-' || n / 50, n / 50, (ARRAY['production', 'staging', 'dev'])[1 + n %% 3],
    jsonb_build_object('status', 'running', 'number', n), jsonb_build_object('status', 'verifying', 'n', n),
    NULL, '', md5((n / 3)::text), CASE WHEN n %% 10 = 0 THEN md5(n::text) ELSE '' END, '10.0.0.7'
FROM generate_series(%s, %s) n"""
RARE = """INSERT INTO upgrades_auditevent (action, outcome, actor_name, subject_type, subject_id, subject_name,
    environment, before, after, comment, request_id, trace_id, address, at)
SELECT 'path_file.remove', 'failed', '', '', '', '', '', '{}', '{}', '', '', '', '', now() - interval '400 days'
FROM generate_series(1, 60)"""


def fill(first: int, last: int) -> None:
    """Insert events as the owner, who may also have the tables analysed."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(FILL, [first, last])
        cursor.execute("ANALYZE upgrades_auditevent")


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """How long a call takes by the clock, and by the processor's time of this process and of its PostgreSQL."""
    begun, used = perf_counter(), process_time() + backend_seconds(backend())
    call()
    return perf_counter() - begun, process_time() + backend_seconds(backend()) - used


def seal() -> None:
    """Seal everything."""
    while sealing.seal_new():
        pass


def read_and_hash() -> None:
    """The floor of verifying: every row through this connection and through SHA-256, nothing compared."""
    for link in selectors.links(0):
        hashlib.sha256(str(link).encode()).hexdigest()


def verify() -> None:
    """The whole check, as audit_verify makes it."""
    told: list[Reason] = []
    checked = checking.check_all(tell=told.append)
    assert checked.head.seq == AuditEvent.objects.count(), "not everything was sealed"
    assert told == [], told


def pages() -> dict[str, str]:
    """The addresses of the page that are measured, by what they ask for."""
    event = AuditEvent.objects.exclude(trace_id="").order_by("pk")[FEW // 20]
    day = f"{event.at:%Y-%m-%d}"
    asked = {
        "newest": "", "an older page": f"before={event.pk}", "a frequent act": "action=run.verify",
        "a group of acts": "action=change_request", "several acts": "action=user&action=hold&action=run.accept",
        "a rare act, the oldest events": "action=path_file", "a person": "actor=user7", "nobody": "actor=system",
        "a result": "outcome=refused", "a rare result": "outcome=failed", "an environment": "environment=staging",
        "a change request": f"number={event.change_request_id}", "a request id": f"request_id={event.request_id}",
        "an OCP trace": f"trace_id={event.trace_id}", "one old day": f"first_day={day}&last_day={day}",
        "everything before a day": f"last_day={day}", "a person's refusals in an environment":
        "actor=user7&outcome=refused&environment=staging", "a person in an environment where he never is":
        "actor=user8&environment=production&action=run",
    }  # fmt: skip
    return {name: f"/audit/?{query}" for name, query in asked.items()}


def look_at_plans() -> None:
    """No list query reads the whole table: PostgreSQL finds each page by an index. Raises AssertionError."""
    uma = User.objects.get(username="uma")
    for name, address in pages().items():
        conditions = AuditFilterForm(QueryDict(address.partition("?")[2])).conditions()
        plan = selectors.audit_list(uma, conditions)[: PAGE + 1].explain()
        assert "Seq Scan" not in plan, f"{name}: {plan}"


def measure_pages(client: Client) -> dict[str, float]:
    """The median of the processor's time of each page in ms, and that of an empty view."""
    calls = {name: lambda address=address: client.get(address) for name, address in pages().items()}  # type: ignore[misc]
    for address in pages().values():
        assert client.get(address).status_code == 200, address
    return spent(TURNS, backend(), floor=lambda: client.get("/healthz"), **calls)


def export(client: Client, form: str) -> tuple[float, float, int]:
    """Seconds, MB that the process grew by meanwhile, and bytes of the whole trail as a file."""
    before, begun, size = memory(), perf_counter(), 0
    answer = client.get(f"/audit/export/?format={form}")

    async def sent() -> None:
        nonlocal size
        async for part in cast(AsyncIterator[bytes], answer):
            size += len(part)

    async_to_sync(sent)()
    return perf_counter() - begun, memory() - before, size


def memory() -> float:
    """The most that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_readers() -> Client:
    """Forty people, and the browser of an auditor."""
    for number in range(40):
        make_user(f"user{number}", "viewer")
    client = Client()
    client.force_login(make_user("uma", "auditor"))
    return client


def main() -> None:
    """Print and keep the figures."""
    with own_services():
        client = make_readers()
        with connections["owner"].cursor() as cursor:
            cursor.execute(RARE)
        fill(1, FEW)
        few = measure_pages(client)
        fill(FEW + 1, EVENTS)
        measure(client, few)


def measure(client: Client, few: dict[str, float]) -> None:
    """Everything that is measured at 1,000,000 events."""
    for name, taken in zip(("s", "s of CPU"), seconds(seal), strict=True):
        record("audit", f"{EVENTS} events sealed, {name}", taken)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    record("audit", "one turn of the sealer without news, ms", timed(50, turn=sealing.seal_new)["turn"])
    before = memory()
    floor, bare = seconds(read_and_hash)
    taken, used = seconds(verify)
    record("audit", f"{EVENTS} events verified, s (goal: 60)", taken, floor)
    record("audit", f"{EVENTS} events verified, s of CPU", used, bare)
    record("audit", "memory that verifying took, MB", memory() - before)
    look_at_plans()
    found = measure_pages(client)
    for name in pages():
        record("audit", f"page of {EVENTS} events, {name}, ms of CPU (goal: 100)", found[name], found["floor"])
        record("audit", f"the same beside {FEW} events, ms of CPU", found[name], few[name])
    for form in ("json", "csv"):
        taken, grown, size = export(client, form)
        record("audit", f"{EVENTS} events as {form}, s", taken, floor)
        record("audit", f"memory that it took for {size / 1e6:.0f} MB, MB", grown)


if __name__ == "__main__":
    main()
