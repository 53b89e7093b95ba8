"""The thread of a change request as its page shows it: comments, and what was said with an act. Decides nothing."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from upgrades.models import AuditEvent, ChangeRequest, Comment, User
from upgrades.rules import mentions
from upgrades.templatetags.change_requests import act_of, actor_name


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. `person`: whom it calls, to be shown by name."""

    text: str
    person: User | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: who, with which act ("" for a plain comment), when, what. `anchor`: its id on the page."""

    name: str
    act: str
    at: dt.datetime
    pieces: list[Piece]
    anchor: str = ""
    is_for_reader: bool = False


def of(change_request: ChangeRequest, user: User) -> list[Entry]:
    """Everything said about `change_request`, oldest first; `is_for_reader` where it calls `user`."""
    said = [*_comments(change_request, user), *_acts(change_request)]
    return sorted(said, key=lambda entry: entry.at)


def _comments(change_request: ChangeRequest, user: User) -> Iterator[Entry]:
    rows = Comment.objects.filter(change_request=change_request).select_related("author")
    for comment in rows.prefetch_related("mentions__user"):
        people = {mention.user.username: mention.user for mention in comment.mentions.all()}
        # Who calls oneself is shown so too.
        people[comment.author.username] = comment.author
        pieces = [Piece(part.text, people.get(part.username)) for part in mentions.split(comment.text, people)]
        anchor = f"comment-{comment.pk}"
        is_called = user.username in people and user != comment.author
        yield Entry(str(comment.author), "", comment.created_at, pieces, anchor, is_called)


def _acts(change_request: ChangeRequest) -> Iterator[Entry]:
    """What was said with an act. A vote and the move that it caused carry the same words: once is enough."""
    events = AuditEvent.objects.filter(change_request_id=change_request.pk, outcome=AuditEvent.Outcome.DONE)
    said: dict[tuple[int | None, str], AuditEvent] = {}
    for event in events.exclude(comment="").exclude(action="change_request.comment").select_related("actor"):
        said.setdefault((event.actor_id, event.comment), event)
    for event in said.values():
        yield Entry(actor_name(event), act_of(event), event.at, [Piece(event.comment)])
