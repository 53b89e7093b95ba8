"""I1 and I2: each POST that OCP saw belongs to one run of its own, and each run to an approval that stood.

I1: for one approval, one POST at most. I2: no POST and no intent without a live, sufficient approval by people other
than the requester and the editors, whose fingerprint is that of what is sent.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.records import Records, Row
from tests.faults.violation import Violation

# How long T1 may take: what was taken away while it went on may still have counted.
_T1 = timedelta(seconds=5)


def bind(records: Records, skew: timedelta) -> dict[Any, list[Row]]:
    """The POSTs of each run by its id; under None those that no run is left for.

    A POST belongs to a run on the same cluster of the same OCP, intended before it came; the newest such run with
    the same body that has none yet.
    """
    bound: dict[Any, list[Row]] = {run["change_request_id"]: [] for run in records.runs} | {None: []}
    for post in sorted(records.posts, key=lambda post: post["at"]):
        if post["account"] not in _accounts(records, post["address"]):
            continue
        came = datetime.fromtimestamp(post["at"], UTC) + skew
        fitting = [run for run in _runs_on(records, post) if run["intent_at"] <= came]
        free = [run for run in fitting if not bound[run["change_request_id"]]]
        newest = max(free, key=lambda run: (run["body"] == post["body"], run["intent_at"]), default=None)
        bound[newest and newest["change_request_id"]].append(post)
    return bound


def _accounts(records: Records, address: str) -> set[str]:
    of_plans = {place["account"] for place in map(_endpoint, records.change_requests) if place["address"] == address}
    return of_plans | {row["account_name"] for row in records.endpoints if row["base_url"] == address}


def _endpoint(change_request: Row) -> Row:
    nowhere = {"address": "", "account": ""}
    return (change_request["plan"] or {}).get("endpoint") or nowhere


def _runs_on(records: Records, post: Row) -> list[Row]:
    addresses = {row["id"]: _endpoint(row)["address"] for row in records.change_requests}
    return [
        run
        for run in records.runs
        if run["cluster_ocp_id"] == post["cluster_id"]
        and addresses.get(run["change_request_id"], "").rstrip("/") == post["address"].rstrip("/")
    ]


def posts(records: Records, skew: timedelta) -> Iterator[Violation]:
    """What the POSTs themselves tell."""
    bound = bind(records, skew)
    for post in bound.pop(None):
        about = f"POST {post['n']} to cluster {post['cluster_id']}"
        if _runs_on(records, post):
            yield Violation("I1", f"{about} is one more than the runs there may send")
        else:
            yield Violation("I2", f"{about} belongs to no run")
    for run in records.runs:
        for post in bound[run["change_request_id"]]:
            yield from _posted(run, post)


def _posted(run: Row, post: Row) -> Iterator[Violation]:
    about = f"POST {post['n']} of run {run['change_request_id']}"
    if post["body"] != run["body"]:
        yield Violation("I2", f"{about} says {post['body']}, and the run {run['body']}")
    if (run["answer"] or {}).get("is_sent") is False:
        yield Violation("I4", f"{about} reached OCP, and the run says that nothing was sent")


def approvals(records: Records) -> Iterator[Violation]:
    """What each run's approval was worth at the moment of its intent."""
    requests = {row["id"]: row for row in records.change_requests}
    for run in records.runs:
        change_request = requests.get(run["change_request_id"])
        if change_request is None or change_request["plan"] is None:
            yield Violation("I2", f"run {run['change_request_id']} has no plan")
            continue
        yield from _content(run, change_request)
        yield from _validity(run, change_request)
        yield from _votes(records, run, change_request)
    for request_id, count in Counter(run["change_request_id"] for run in records.runs).items():
        if count > 1:
            yield Violation("I1", f"request {request_id} has {count} runs")
    names = ("change_request_id", "revision", "voter_id")
    given = Counter(tuple(vote[name] for name in names) for vote in records.votes)
    for (request_id, revision, voter_id), count in given.items():
        if voter_id == requests[request_id]["requester_id"]:
            yield Violation("I2", f"the requester voted on {request_id}")
        if count > 1:
            yield Violation("I2", f"{voter_id} voted {count} times on revision {revision} of {request_id}")


def fingerprint(plan: Any) -> str:
    """SHA-256 over the plan's one canonical text: keys sorted, no spaces, UTF-8."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _content(run: Row, change_request: Row) -> Iterator[Violation]:
    plan, about = change_request["plan"], f"run {run['change_request_id']}"
    if len({fingerprint(plan), change_request["fingerprint"], run["fingerprint"]}) > 1:
        yield Violation("I2", f"{about} has another fingerprint than its approved plan")
    if json.dumps(plan["body"], sort_keys=True, ensure_ascii=False) != run["body"]:
        yield Violation("I2", f"{about} has the body {run['body']}, and its plan {plan['body']}")
    if plan["cluster_ocp_id"] != run["cluster_ocp_id"]:
        yield Violation("I2", f"{about} is for cluster {run['cluster_ocp_id']}, its plan for {plan['cluster_ocp_id']}")
    if sorted(cluster["ocp_id"] for cluster in plan["clusters"]) != sorted(run["affected_ocp_ids"]):
        yield Violation("I2", f"{about} affects {run['affected_ocp_ids']}, which its plan does not say")


def _validity(run: Row, change_request: Row) -> Iterator[Violation]:
    at, about = run["intent_at"], f"run {run['change_request_id']} was intended at {run['intent_at']}"
    if change_request["expires_at"] is None or at >= change_request["expires_at"]:
        yield Violation("I2", f"{about}, its approval was valid to {change_request['expires_at']}")
    if change_request["approved_at"] is None or at < change_request["approved_at"]:
        yield Violation("I2", f"{about}, approved at {change_request['approved_at']}")
    opens, closes = change_request["window_opens_at"], change_request["window_closes_at"]
    if (opens and at < opens) or (closes and at >= closes):
        yield Violation("I2", f"{about}, its window is {opens} to {closes}")


def _votes(records: Records, run: Row, change_request: Row) -> Iterator[Violation]:
    about = f"run {run['change_request_id']}"
    content = (change_request["plan"]["revision"], run["fingerprint"])
    given = [
        vote
        for vote in records.votes
        if vote["change_request_id"] == change_request["id"]
        and (vote["revision"], vote["fingerprint"]) == content
        and vote["created_at"] <= run["intent_at"]
    ]
    if any(vote["verdict"] != "approve" for vote in given):
        yield Violation("I2", f"{about} was intended against an objection")
    barred = {change_request["requester_id"]}
    barred |= {editor["user_id"] for editor in records.editors if editor["change_request_id"] == change_request["id"]}
    rights = approvers(records, change_request, run)
    counted = {vote["voter_id"] for vote in given if vote["verdict"] == "approve"} & rights - barred
    if len(counted) < change_request["quorum"]:
        yield Violation("I2", f"{about} has {len(counted)} of {change_request['quorum']} approvals: {sorted(counted)}")


def approvers(records: Records, change_request: Row, run: Row) -> set[int]:
    """Who was active and an approver there at the intent, or the moment before, which T1 may have seen."""
    places = {row["id"]: row["environment"] for row in records.clusters}
    allowed = {("approver", ""), ("approver", places.get(change_request["cluster_id"], ""))}
    moments = (run["intent_at"], run["intent_at"] - _T1)
    return set.union(*({who for who, roles in _rights(records, at).items() if roles & allowed} for at in moments))


def _rights(records: Records, at: datetime) -> dict[int, set[tuple[str, str]]]:
    """The roles of each active person at a moment: today's, with later changes undone by the audit trail."""
    active = {user["id"]: user["is_active"] for user in records.users}
    held: dict[int, set[tuple[str, str]]] = {user["id"]: set() for user in records.users}
    for grant in records.grants:
        held[grant["user_id"]].add((grant["role"], grant["environment"]))
    for event in reversed([event for event in records.done() if event["at"] > at]):
        if event["action"] == "user.set_grants":
            held[int(event["subject_id"])] = {_grant(shown) for shown in event["before"]["grants"]}
        elif event["action"] in ("user.deactivate", "user.reactivate"):
            active[int(event["subject_id"])] = event["action"] == "user.deactivate"
    return {user_id: roles for user_id, roles in held.items() if active[user_id]}


def _grant(shown: str) -> tuple[str, str]:
    role, _colon, place = shown.partition(":")
    return role, "" if place == "*" else place
