"""The thread of a change request: what people say about it, and who is called by name."""

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from upgrades import audit
from upgrades.models import ChangeRequest, Comment, Mention, Role, User
from upgrades.rules import Reason, mentions
from upgrades.services import moves

LIMIT = 4000
# Whoever may see a request and does something in ocpdash; an auditor sees all and changes nothing.
ROLES = (Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment that was kept, and the names it calls that are nobody's who may see the request."""

    comment: Comment
    unknown: tuple[str, ...]


def may_comment(user: User, environment: str) -> bool:
    """Whether `user` may say something, or lay a file, beside a request of `environment`."""
    return any(user.has_role(role, environment) for role in ROLES)


def add(*, change_request: ChangeRequest, text: str, actor: User, form_token: UUID | None = None) -> Said:
    """Keep a comment, in whatever status the request is, and tell those whom it calls by name.

    Raises Forbidden for who has no role here but an auditor's, Invalid for an empty or too long text, and TooLate
    for the same page sent twice.
    """
    with moves.attempt("change_request.comment", actor=actor, subject=change_request):
        require_voice(change_request, actor)
        text = text.strip()
        if not text:
            raise moves.Invalid(Reason("comment.missing"), "text")
        if len(text) > LIMIT:
            raise moves.Invalid(Reason("form.comment_too_long", {"limit": LIMIT}), "text")
        comment = _insert(change_request, text, actor, form_token)
        people, unknown = _called(change_request, text)
        Mention.objects.bulk_create(
            [Mention(comment=comment, user=person) for person in people if person.pk != actor.pk]
        )
        after = {"comment": comment.pk, "mentions": [person.username for person in people]}
        audit.record("change_request.comment", actor=actor, subject=change_request, after=after, comment=text)
    return Said(comment, unknown)


def require_voice(change_request: ChangeRequest, actor: User) -> None:
    """Raise Forbidden unless `actor` may comment here."""
    if not may_comment(actor, change_request.environment):
        raise moves.Forbidden(Reason("comment.not_permitted"))


def see(*, number: int, user: User) -> None:
    """`user` opened the page of that request: mentions on it need no further look. Reading is no act to be audited."""
    rows = Mention.objects.filter(comment__change_request=number, user=user, seen_at=None)
    rows.update(seen_at=Now())


def _insert(change_request: ChangeRequest, text: str, actor: User, form_token: UUID | None) -> Comment:
    try:
        with transaction.atomic():
            comment = Comment.objects.create(
                change_request=change_request, author=actor, text=text, form_token=form_token
            )
    except IntegrityError as error:
        raise moves.TooLate(Reason("comment.sent_already")) from error
    return comment


def _called(change_request: ChangeRequest, text: str) -> tuple[list[User], tuple[str, ...]]:
    """Who is called and may see the request, and the names that are nobody's."""
    names = mentions.called(text)
    wanted = {candidate for name in names for candidate in mentions.candidates(name)}
    may_see = Q(grants__environment__in=("", change_request.environment))
    rows = User.objects.filter(may_see, is_active=True, username__in=wanted).distinct().order_by("username")
    people = list(rows) if wanted else []
    known = {person.username for person in people}
    return people, tuple(name for name in names if known.isdisjoint(mentions.candidates(name)))
