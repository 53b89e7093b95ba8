"""The chain of seals over the audit trail: the hash of one seal, and what a walk along the chain finds.

Seal n holds SHA-256 over its number, the hash of seal n - 1 and every column of its event. No key: whoever can write
all rows can also compute all hashes anew, and only a head kept elsewhere tells then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from upgrades.rules import Reason

GENESIS = "0" * 64
# What of an event is sealed. A column that comes later is to be left out of the hash where it is empty, so that older
# seals stay valid. JSON columns are hashed as the text that PostgreSQL gives for jsonb: its keys are sorted and stand
# once, and 1 and 1.0 stay apart, which they would not as floats.
COLUMNS = (
    "id", "at", "action", "outcome", "actor_id", "actor_name", "subject_type", "subject_id", "subject_name",
    "change_request_id", "environment", "before", "after", "reason", "comment", "request_id", "trace_id", "address",
)  # fmt: skip
# A transaction that began earlier may commit later, but not by so much.
MOST_DELAY = timedelta(minutes=10)
# So many changed rows are compared with each other, to tell a swap from a change.
MOST_COMPARED = 50
_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode

Event = Mapping[str, Any]


class Head(NamedTuple):
    """A seal by number and hash: all that one has to keep elsewhere. As text SEQ:HASH."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Raises ValueError for what is not SEQ:HASH."""
        found = _HEAD.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"{text!r} is not SEQ:HASH, as audit_verify prints it.")
        return cls(int(found[1]), found[2])


START = Head(0, GENESIS)


class Link(NamedTuple):
    """A seal beside its event: COLUMNS by name, or None where the event is gone."""

    seq: int
    event_id: int
    prev_hash: str
    hash: str
    event: Event | None


def digest(seq: int, prev_hash: str, event: Event) -> str:
    """The hash (64 hex digits) of seal `seq` over `event`: COLUMNS by name, `at` in ISO and UTC, JSON as text."""
    text = _encode({"event": event, "prev": prev_hash, "seq": seq})
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Odd:
    """A link that does not have the hash that it should have, and what that is called so far."""

    link: Link
    event: Event
    code: str


class Walk:
    """One walk along the chain: take() each link in order, then end(). Both return what they found, as Reasons."""

    def __init__(self, after: Head = START, *, heads: Sequence[Head] = ()) -> None:
        """after: the seal before the first link; heads: kept elsewhere, to be met on the way."""
        self.last = after
        self._at = ""
        self._before: Link | None = None
        self._heads = {head.seq: head.hash for head in heads if head.seq > after.seq}
        # What the last seal's hash ought to be, where it has another.
        self._true_hash = after.hash
        self._suspect: _Odd | None = None
        self._odd: list[_Odd] = []

    def take(self, link: Link) -> list[Reason]:
        """What this link tells, of itself and of the one before it."""
        if link.seq <= self.last.seq:
            return [_told("seal.forked", link)]
        found = self._settle(link)
        if link.seq > self.last.seq + 1:
            found.append(Reason("seal.removed", {"first": self.last.seq + 1, "last": link.seq - 1}))
            self._true_hash = link.prev_hash
        found += self._examine(link)
        kept = self._heads.pop(link.seq, link.hash)
        if kept != link.hash:
            found.append(_told("seal.head_differs", link))
        self.last, self._before = Head(link.seq, link.hash), link
        return found

    def end(self) -> list[Reason]:
        """What shows only when the last link was taken: swapped rows, a doubtful end, heads that were not met."""
        found = self._settle(None)
        found += [_told(_code_among(odd, self._odd), odd.link) for odd in self._odd]
        self._odd = []
        beyond = [seq for seq in self._heads if seq > self.last.seq]
        if beyond:
            found.append(Reason("seal.tail_cut", {"seq": max(beyond), "last": self.last.seq}))
        return found

    def _examine(self, link: Link) -> list[Reason]:
        is_joined = link.prev_hash in (self.last.hash, self._true_hash) or link.seq > self.last.seq + 1
        if link.event is None:
            self._true_hash = link.hash
            return [_told("seal.event_removed", link)]
        true_hash = digest(link.seq, link.prev_hash, link.event)
        was_odd, self._true_hash = self._true_hash != self.last.hash, true_hash
        if true_hash == link.hash:
            found = [] if is_joined or was_odd else [self._told_of_the_one_before(link)]
            return found + self._watch_time(link)
        if is_joined:
            self._suspect = _Odd(link, link.event, "seal.changed")
            return []
        return self._note(_Odd(link, link.event, "seal.changed"))

    def _told_of_the_one_before(self, link: Link) -> Reason:
        """The seal before `link` has another hash than `link` names, and fits its event all the same."""
        place = _place(self._before) if self._before else {"seq": self.last.seq}
        return Reason("seal.rewritten", {**place, "next": link.seq})

    def _settle(self, following: Link | None) -> list[Reason]:
        """What a doubtful link was, by what the next one says of it."""
        odd, self._suspect = self._suspect, None
        if odd is None:
            return []
        if following is None or following.seq != odd.link.seq + 1:
            return self._note(replace(odd, code="seal.either_changed"))
        if following.prev_hash == odd.link.hash:
            return self._note(replace(odd, code="seal.event_changed"))
        return [_told("seal.changed", odd.link)]

    def _note(self, odd: _Odd) -> list[Reason]:
        """Kept to be compared with others at the end, as long as they are few."""
        if len(self._odd) < MOST_COMPARED:
            self._odd.append(odd)
            return []
        return [_told(odd.code, odd.link)]

    def _watch_time(self, link: Link) -> list[Reason]:
        """An event that says it is much older than the one sealed before it was added later than it says."""
        before, self._at = self._at, str((link.event or {})["at"])
        if self._at >= before or _delay(before, self._at) <= MOST_DELAY:
            return []
        return [_told("seal.backdated", link)]


def _code_among(odd: _Odd, others: Sequence[_Odd]) -> str:
    """What happened to a link, by whether its hash fits what stands at another one."""
    link = odd.link
    for other in others:
        fits = (
            digest(link.seq, link.prev_hash, other.event),
            digest(link.seq, link.prev_hash, {**other.event, "id": link.event_id}),
            digest(other.link.seq, link.prev_hash, odd.event),
        )
        if other is not odd and link.hash in fits:
            return "seal.order_changed"
    return odd.code


def _told(code: str, link: Link) -> Reason:
    return Reason(code, _place(link))


def _place(link: Link) -> dict[str, Any]:
    at = str(link.event["at"]) if link.event is not None else ""
    return {"seq": link.seq, "event": link.event_id, "at": at}


def _delay(before: str, at: str) -> timedelta:
    try:
        return datetime.fromisoformat(before) - datetime.fromisoformat(at)
    except ValueError:
        # A time beyond what a calendar has: nobody wrote that event when it says.
        return timedelta.max
