"""R17: everybody acts on one request at the same moment; it has one outcome, and nobody approves an own one.

Eight parties wait at a barrier, each with a connection of its own, and act on the row as they read it before: that is
what a page that was open for a while does.
"""

import itertools
import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from tests.factories import make_user
from tests.faults import checker, lengths, record
from tests.views.acting import PURPOSE, mirror, target_of
from upgrades.models import AuditEvent, ChangeRequest, Cluster, Grant, User, Vote
from upgrades.services import change_requests, moves, users, votes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("services")]

PARTIES = 8
QUORUM = 2
ENDS = ("withdraws", "takes back", "sends back")
ENDING = 0.08
FINAL = {"rejected", "withdrawn", "expired"}
Act = Callable[[ChangeRequest], object]


class People:
    """Who takes part: two who wrote the request and would approve it, three who may, one who starts, an admin."""

    def __init__(self) -> None:
        self.olga = make_user("olga", "operator", "approver")
        self.dana = make_user("dana", "operator", "approver")
        self.omar = make_user("omar", "operator")
        self.amir, self.bea, self.chen = (make_user(name, "approver") for name in ("amir", "bea", "chen"))
        self.ada = make_user("ada", "admin", "approver")
        self.writers = {self.olga.pk, self.dana.pk}

    def restore(self) -> None:
        """Gives back the roles that a race took."""
        for user in (self.amir, self.bea):
            Grant.objects.get_or_create(user=user, role="approver", environment="")


def _fresh(user: User) -> User:
    """The person as a request of theirs would read them now: threads share no roles that one of them has looked up."""
    return User.objects.get(pk=user.pk)


def _vote(user: User, verdict: str = "approve") -> Act:
    comment = "" if verdict == "approve" else "Not now."
    return lambda row: votes.cast(
        change_request=row, verdict=verdict, comment=comment, fingerprint=row.fingerprint, actor=_fresh(user)
    )


def _edit(user: User) -> Act:
    return lambda row: change_requests.edit(
        change_request=row,
        target_file_name=row.target_file_name,
        purpose=f"{PURPOSE} {user.username}",
        lock_version=row.lock_version,
        actor=_fresh(user),
    )


def _start(user: User) -> Act:
    return lambda row: change_requests.start(change_request=row, fingerprint=row.fingerprint, actor=_fresh(user))


def _lose(people: People, user: User) -> Act:
    return lambda _row: users.set_grants(actor=_fresh(people.ada), user=_fresh(user), grants=[])


def acts(people: People) -> dict[str, Act]:
    """Everything that somebody might do to a request that waits."""
    return {
        "amir approves": _vote(people.amir),
        "bea approves": _vote(people.bea),
        "chen approves": _vote(people.chen),
        "bea approves twice": _vote(people.bea),
        "olga approves her own": _vote(people.olga),
        "dana approves what she wrote": _vote(people.dana),
        "chen rejects": _vote(people.chen, "reject"),
        "ada sends back": _vote(people.ada, "send_back"),
        "olga edits": _edit(people.olga),
        "dana edits": _edit(people.dana),
        "olga takes back": lambda row: change_requests.take_back(change_request=row, actor=_fresh(people.olga)),
        "olga withdraws": lambda row: change_requests.withdraw(change_request=row, actor=_fresh(people.olga)),
        "ada withdraws": lambda row: change_requests.withdraw(
            change_request=row, actor=_fresh(people.ada), comment="Away."
        ),
        "omar starts": _start(people.omar),
        "olga starts": _start(people.olga),
        "amir loses the role": _lose(people, people.amir),
        "bea loses the role": _lose(people, people.bea),
    }


def parties(everything: dict[str, Act], dice: random.Random) -> dict[str, Act]:
    """Eight of them; who ends it takes part in every fourth race only, for they mostly win."""
    names = sorted(name for name in everything if dice.random() < ENDING or not name.endswith(ENDS))
    return {name: everything[name] for name in dice.sample(names, PARTIES)}


def written(people: People, cluster: Cluster, *, is_approved: bool) -> ChangeRequest:
    """A request of olga's that dana edited, waiting for two votes, or with both."""
    row = change_requests.create(
        cluster=cluster, target_file_name=target_of(cluster), purpose=PURPOSE, actor=people.olga
    )
    ChangeRequest.objects.filter(pk=row.pk).update(quorum=QUORUM)
    row.refresh_from_db()
    row = _edit(people.dana)(row)  # type: ignore[assignment]
    row = change_requests.submit(change_request=row, lock_version=row.lock_version, actor=people.olga)
    if is_approved:
        for voter in (people.amir, people.bea):
            _vote(voter)(row)
            row.refresh_from_db()
    return row


def race(chosen: dict[str, Act], row: ChangeRequest) -> dict[str, str]:
    """Each act in a thread of its own, all at once: what became of it, "done" or the code of the refusal."""
    barrier, results = threading.Barrier(len(chosen)), {}

    def run(name: str, act: Act) -> None:
        try:
            own = ChangeRequest.objects.get(pk=row.pk)
            barrier.wait(20)
            act(own)
            results[name] = "done"
        except moves.Refusal as refusal:
            results[name] = refusal.reason.code
        except Exception as error:  # noqa: BLE001 (a thread's own error would be lost; here it is a violation)
            results[name] = f"broke: {error!r}"
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in chosen.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def story(row: ChangeRequest) -> list[tuple[str, str, str]]:
    """The moves of the request in the order of the audit: action, from, to."""
    events = AuditEvent.objects.filter(subject_type="changerequest", subject_id=str(row.pk), outcome="done")
    moved = [event for event in events.order_by("pk") if "status" in event.after]
    return [(event.action, event.before.get("status", ""), event.after["status"]) for event in moved]


def wrong_moves(row: ChangeRequest) -> list[str]:
    """What the audit tells that cannot be one outcome."""
    told = story(row)
    found = []
    if any(earlier[2] != later[1] for earlier, later in itertools.pairwise(told)):
        found.append(f"two outcomes: {told}")
    if told[-1][2] != row.status:
        found.append(f"the row says {row.status}, the audit {told[-1]}")
    if sum(last in FINAL for _action, _first, last in told) > 1:
        found.append(f"ended twice: {told}")
    return found


def wrong_votes(row: ChangeRequest, people: People) -> list[str]:
    """Votes that count and should not, and an approval without enough of them."""
    cast = Vote.objects.filter(change_request=row)
    found = ["a writer's vote counts"] if cast.filter(voter_id__in=people.writers).exists() else []
    if row.status not in ("approved", "starting"):
        return found
    agreed = cast.filter(revision=row.revision, fingerprint=row.fingerprint, verdict="approve")
    if len({vote.voter_id for vote in agreed}) < QUORUM:
        found.append(f"approved by {agreed.count()}")
    holding = set(Grant.objects.filter(role="approver").values_list("user_id", flat=True))
    is_live = len({vote.voter_id for vote in agreed} & holding) >= QUORUM
    if change_requests.judge(row).is_satisfied != is_live:
        found.append("a start would go by the vote of somebody who may not vote any more")
    return found


def wrong(row: ChangeRequest, people: People, results: dict[str, str]) -> list[str]:
    """Everything that should never be after a race."""
    row.refresh_from_db()
    found = [f"{name} {result}" for name, result in results.items() if result.startswith("broke")]
    if any(results.get(name) == "done" for name in ("olga approves her own", "dana approves what she wrote")):
        found.append("somebody approved an own request")
    return found + wrong_moves(row) + wrong_votes(row, people)


def test_eight_parties_at_once_have_one_outcome_and_nobody_approves_an_own_request(
    read_records: Callable[..., checker.Records],
) -> None:
    seeds = lengths.seeds(short=5, push=100, full=5000)
    violations, people = [], People()
    everything = acts(people)
    about = "eight parties approve, reject, edit, withdraw, start and lose roles at once"
    with record.kept("R17", about, seeds=seeds) as part:
        for seed in seeds:
            dice = random.Random(seed)  # noqa: S311 (a seed, no secret)
            row = written(people, mirror(f"cluster_{seed}"), is_approved=seed % 2 == 1)
            part.count += 1
            results = race(parties(everything, dice), row)
            violations += [f"seed {seed}: {line}; {results}" for line in wrong(row, people, results)]
            people.restore()
        violations += map(str, checker.violations(read_records(), is_settled=False))
        part.violations = len(violations)
    assert violations == []
