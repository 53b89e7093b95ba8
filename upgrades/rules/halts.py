"""When nothing may be sent to OCP: the database may be older than what ocpdash has done.

A restored database does not know that it is one. Each host that sends therefore keeps a file of its own: the epoch it
last saw, the newest seal of the audit trail, and the tokens of what it sent. A database that lacks any of that is older
than the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from upgrades.rules import Reason, seals

# Tokens of so many sends are kept: more than can be under way between two looks.
MOST_SENT = 50


class Kind(StrEnum):
    """Why nothing is sent, the gravest first."""

    RESTORED = "restored"
    OTHER_SERVER = "other_server"
    FILE_MISSING = "file_missing"


@dataclass(frozen=True, slots=True)
class Sent:
    """One POST that was about to leave: `what` is run or run_action, `token` the random one of its intent."""

    what: str
    pk: int
    token: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file of a host says."""

    epoch: str
    head: seals.Head = seals.START
    sent: tuple[Sent, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        sent = [[one.what, one.pk, one.token] for one in self.sent]
        return {"epoch": self.epoch, "head": str(self.head) if self.head.seq else "", "sent": sent}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Kept":
        """Read to_json() back. Raises ValueError, KeyError or TypeError for anything else."""
        sent = tuple(Sent(str(what), int(pk), str(token)) for what, pk, token in value["sent"])
        head = seals.Head.parse(value["head"]) if value["head"] else seals.START
        return cls(str(value["epoch"]), head, sent)

    def joined(self, newer: "Kept") -> "Kept":
        """Both in one; where the epochs differ, the newer alone."""
        if self.epoch != newer.epoch:
            return newer
        sent = tuple(dict.fromkeys((*self.sent, *newer.sent)))[-MOST_SENT:]
        return Kept(self.epoch, max(self.head, newer.head), sent)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the database says: `epoch` its newest, "" before the first, `ended` those before it.

    `server` is where it lies now, `began_on` where its epoch began ("" where that cannot be read). `kept_hash` is the
    hash of the seal that the file names, None where there is none; `lost` are sends of the file that no row knows.
    """

    epoch: str = ""
    ended: frozenset[str] = frozenset()
    server: str = ""
    began_on: str = ""
    kept_hash: str | None = None
    last_seal: int = 0
    lost: tuple[Sent, ...] = ()
    has_votes: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One ground to send nothing."""

    kind: Kind
    reason: Reason


def judge(kept: Kept | None, shown: Shown) -> list[Finding]:
    """Return every ground to send nothing, the gravest first; none where file and database fit.

    kept: this host's file, None where it has none. A file of an epoch that has ended was answered for when somebody
    lifted the halt that ended it. Without a file nothing can be compared: that matters where people's votes stand.
    """
    found = []
    older = _why_older(kept, shown) if kept is not None else None
    if older is not None:
        found.append(Finding(Kind.RESTORED, older))
    if shown.began_on and shown.server and shown.began_on != shown.server:
        reason = Reason("halt.other_server", {"before": shown.began_on, "now": shown.server})
        found.append(Finding(Kind.OTHER_SERVER, reason))
    if kept is None and shown.epoch and shown.has_votes:
        found.append(Finding(Kind.FILE_MISSING, Reason("halt.file_missing")))
    return found


def _why_older(kept: Kept, shown: Shown) -> Reason | None:
    if kept.epoch in shown.ended:
        return None
    if kept.epoch != shown.epoch:
        return Reason("halt.epoch_unknown", {"epoch": kept.epoch[:12]})
    if shown.lost:
        one = shown.lost[-1]
        return Reason("halt.send_unknown" if one.what == "run" else "halt.action_unknown", {"id": one.pk})
    if kept.head.seq and shown.kept_hash != kept.head.hash:
        return Reason("halt.seal_unknown", {"seq": kept.head.seq, "last": shown.last_seal})
    return None
