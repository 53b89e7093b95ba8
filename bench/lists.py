"""P2: the lists of requests, runs and the audit at 1,000,000 rows, beside the same pages at 100, and the API's.

A first page, filtered ones, and one in the middle of each list; then which statements of these pages read far more
rows than they show. Figures are the processor's time of this process and of its PostgreSQL: the clock's say how busy
the machine is.
Its own PostgreSQL and Redis. Run from the root: python -m bench.lists, with another number of rows
where a million takes too long.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Max
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.frame import backend, own_services
from bench.record import record, spent
from tests.factories import make_cluster, make_endpoint, make_user
from upgrades.models import ChangeRequest, User

FEW = 100
MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
TURNS = 15
CLUSTERS = 50
# A page shows 50 rows and asks for one more; a filter passes some over on its way to them.
READ_MOST = 1000
# A page with fewer rows than that share takes of the time of a full one is not full.
FULL = 0.9

FILL = (
    """
INSERT INTO upgrades_changerequest (
    endpoint_id, cluster_id, target_file_name, purpose, impact, ticket, requester_id, status, outcome, revision,
    sent_back_revision, lock_version, plan, fingerprint, quorum, policy_version, auto_start, created_at, status_at
)
SELECT %(endpoint)s, (%(clusters)s::bigint[])[1 + n %% %(cluster_count)s], 'oceanbase-4.2.1.8.rpm',
    'Fixes ' || n, '', '',
    (%(people)s::bigint[])[1 + n %% 3],
    CASE n %% 50 WHEN 0 THEN 'withdrawn' WHEN 1 THEN 'expired' ELSE 'done' END,
    CASE WHEN n %% 50 > 1 THEN 'verified' ELSE '' END, 1, 0, 3, '{"target": {"version": "4.2.1.8"}}',
    repeat('a', 64), 1, 0, false, now() - (%(most)s - n) * interval '1 minute',
    now() - (%(most)s - n) * interval '1 minute'
FROM generate_series(%(first)s, %(last)s) AS n""",
    """
INSERT INTO upgrades_upgraderun (
    change_request_id, endpoint_id, status, status_at, version, cluster_ocp_id, affected_ocp_ids, body, fingerprint,
    baseline, worker_token, intent_at, late_evidence, candidates, ocp_task_id, ocp_word, list_digest, observation,
    findings, disagreement, baseline_compatible, is_watched_after_end, readings
)
SELECT id, endpoint_id, CASE WHEN id %% 40 = 0 THEN 'rolled_back' ELSE 'verified' END, status_at, 5, 1, '[1]', '{}',
    repeat('a', 64), '[]', 'worker', created_at, '[]', '[]', id, '', '', 0, '[]', '', '{}', false, '{}'
FROM upgrades_changerequest WHERE id > %(known)s AND status = 'done'""",
    """
INSERT INTO upgrades_auditevent (
    at, action, outcome, actor_id, actor_name, subject_type, subject_id, subject_name, change_request_id, environment,
    before, after, comment, request_id, trace_id, address
)
SELECT created_at, (ARRAY['change_request.vote', 'change_request.submit', 'run.accept', 'hold.take'])[1 + id %% 4],
    CASE WHEN id %% 50 = 0 THEN 'refused' ELSE 'done' END, requester_id, 'olga', 'change_request', id::text,
    'CR-' || id, id, 'production', '{"status": "in_review"}', '{"status": "approved"}', '', '', '', ''
FROM upgrades_changerequest WHERE id > %(known)s""",
)

PAGES = {
    "requests": "/change-requests/",
    "requests that ended": "/change-requests/?status=ended",
    "requests that expired": "/change-requests/?status=expired",
    "open requests, of which there are none": "/change-requests/?status=open",
    "one's own requests": "/change-requests/?mine=1",
    "requests of a cluster": "/change-requests/?cluster={cluster}",
    "runs": "/runs/",
    "runs that ended": "/runs/?state=ended",
    "runs that were rolled back": "/runs/?state=rolled_back",
    "runs that need a person, of which there are none": "/runs/?state=needs",
    "audit": "/audit/",
    "audit of runs": "/audit/?group=run",
    "audit of one person": "/audit/?actor=olga",
    "refusals in the audit": "/audit/?outcome=refused",
    "audit of one environment": "/audit/?environment=production",
    "audit since a day": "/audit/?first_day=2020-01-01",
}
# Peers' lists are measured by their APIs.
CALLS = {
    "requests by the API": "/api/v1/change-requests/",
    "runs by the API": "/api/v1/runs/",
    "audit by the API": "/api/v1/audit/",
}
LISTS = {"requests": "/change-requests/", "runs": "/runs/", "audit": "/audit/"}


def fill(superuser_url: str, people: list[int], clusters: list[int], endpoint: int, first: int, last: int) -> None:
    """Add requests, each with its event of the audit and nearly all with a run: the newest has the highest id."""
    values = {"people": people, "clusters": clusters, "cluster_count": len(clusters), "endpoint": endpoint}
    known = ChangeRequest.objects.aggregate(known=Max("pk"))["known"] or 0
    given = {**values, "first": first, "last": last, "most": MANY, "known": known}
    with psycopg.connect(superuser_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as filler:
        # Every row of these is made of others that are there: no foreign key need be looked up for each.
        filler.execute("SET session_replication_role = replica")
        for statement in FILL:
            begun = perf_counter()
            filler.execute(statement, given)
            print(f"   {last - first + 1} rows, s: {perf_counter() - begun:.1f}")
        filler.execute("VACUUM ANALYZE")


def middle(client: Client, address: str, count: int) -> str:
    """Return the address of the page in the middle of a list, by what the link to its next page is made of."""
    link = re.search(r'<a[^>]*rel="next"[^>]*>', client.get(address).content.decode())
    assert link is not None, address
    found = re.search(r'href="[^"]*?(\w+)=(\d+)', link[0])
    assert found is not None, link[0]
    name, next_page = found[1], int(found[2])
    # Keys fall from the newest row's, of which the next page begins one page below; page numbers rise.
    value = count // 100 if name == "page" else max(1, next_page - count // 2 + 50)
    return f"{address}?{name}={value}"


def measure(client: Client, cluster: int, count: int) -> tuple[dict[str, str], dict[str, float]]:
    """Return the address and the median of the processor's time for each page in milliseconds."""
    pages = {name: address.format(cluster=cluster) for name, address in (PAGES | CALLS).items()}
    pages |= {f"{name}, in the middle": middle(client, address, count) for name, address in LISTS.items()}
    for name, address in pages.items():
        status = client.get(address).status_code
        if status != 200:
            print(f"{name}: {status} at {count} rows")
    calls = {name: lambda address=address: client.get(address) for name, address in pages.items()}  # type: ignore[misc]
    return pages, spent(TURNS, backend(), **calls)


def is_of(kind: str, name: str) -> bool:
    """Whether the page of that name shows the list `kind`."""
    address = (PAGES | CALLS | LISTS).get(name.removesuffix(", in the middle"), "")
    return address.removeprefix("/api/v1").startswith(LISTS[kind])


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield what each node of a plan reads or passes over, and how many rows that is."""
    rows = plan.get("Rows Removed by Filter", 0) + plan["Actual Rows"]
    yield f"{plan['Node Type']} on {plan.get('Relation Name', 'what is below')}", rows * plan["Actual Loops"]
    for inner in plan.get("Plans", ()):
        yield from scans(inner)


def too_much(client: Client, address: str) -> Iterator[str]:
    """Yield, for each statement of a page that reads far more rows than a page shows, where it does so."""
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    for query in captured:
        if not query["sql"].startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"])
            (plan,) = cursor.fetchone()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        name, rows = max(scans(plan[0]["Plan"]), key=lambda scan: scan[1])
        if rows > READ_MOST:
            yield f"{name}: {rows:,.0f} rows for ...{query['sql'][-200:]}"


def main() -> None:
    """Print and keep the figures."""
    with own_services() as services:
        endpoint = make_endpoint()
        clusters = [make_cluster(endpoint).pk for _number in range(CLUSTERS)]
        people = [make_user(name, "operator", "auditor").pk for name in ("olga", "omar", "oona")]
        # A page whose statement takes too long is answered by a 500, after its time.
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.get(username="olga"))
        fill(services.superuser_url, people, clusters, endpoint.pk, 1, FEW)
        _pages, few = measure(client, clusters[7], FEW)
        fill(services.superuser_url, people, clusters, endpoint.pk, FEW + 1, MANY)
        pages, many = measure(client, clusters[7], MANY)
        for name, address in pages.items():
            # At 100 rows some filters find less than a page; then the whole list at 100 is what there is to compare.
            name_of_list = next(kind for kind in LISTS if is_of(kind, name))
            if few[name] < few[name_of_list] * FULL < many[name]:
                few[name] = few[name_of_list]
            record("lists", f"{name}, {MANY} rows beside {FEW}, p50 ms of CPU (goal: 1.3 times)", many[name], few[name])
            for what in too_much(client, address):
                print("   ", what)


if __name__ == "__main__":
    main()
