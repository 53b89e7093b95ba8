"""Saved views of lists: each person's own, by name. Nobody else sees them, so that owning one is the only right."""

from django.db import IntegrityError, transaction

from upgrades import audit
from upgrades.models import SavedView, User
from upgrades.models.saved_views import SavedList
from upgrades.rules import Reason
from upgrades.services.moves import Invalid, TooLate, attempt

MOST = 30
LONGEST_NAME = 60
LONGEST_QUERY = 4000


def save(*, user: User, page: str, name: str, query: str, replaces: bool = False) -> SavedView:
    """Keep `query` (known filters of the list `page`, encoded) under `name`, and return the row.

    `replaces`: put it in the place of the view that has the name, where there is one.
    Raises Invalid for a name or a query that cannot be kept, a name that is taken, or one view too many.
    """
    with attempt("user.save_view", actor=user, subject=user):
        name = _good_name(name)
        if page not in SavedList.values or not 0 < len(query) <= LONGEST_QUERY:
            raise Invalid(Reason("saved_view.nothing_to_keep"))
        # Two windows that save at once go one after the other, for the number of views.
        User.objects.select_for_update().get(pk=user.pk)
        own = SavedView.objects.filter(user=user, page=page)
        same = own.filter(name__iexact=name).first() if replaces else None
        if same is None and own.count() >= MOST:
            raise Invalid(Reason("saved_view.too_many", {"most": MOST}), field="name")
        before = {"query": same.query} if same else {}
        view = same or SavedView(user=user, page=page)
        view.name, view.query = name, query
        _write(view)
        after = {"list": page, "name": name, "query": query}
        audit.record("user.save_view", actor=user, subject=user, before=before, after=after)
    return view


def rename(*, view: SavedView, name: str, actor: User) -> None:
    """Give a view of one's own another name. Raises Invalid for one that cannot be kept or is taken, or TooLate."""
    with attempt("user.rename_view", actor=actor, subject=actor):
        before, view.name = view.name, _good_name(name)
        _require_own(view, actor)
        if view.name != before:
            _write(view)
            after = {"list": view.page, "name": view.name}
            audit.record("user.rename_view", actor=actor, subject=actor, before={"name": before}, after=after)


def delete(*, view: SavedView, actor: User) -> None:
    """Forget a view of one's own. Raises TooLate where it is gone already."""
    with attempt("user.delete_view", actor=actor, subject=actor):
        _require_own(view, actor)
        before = {"list": view.page, "name": view.name, "query": view.query}
        view.delete()
        audit.record("user.delete_view", actor=actor, subject=actor, before=before)


def _require_own(view: SavedView, actor: User) -> None:
    if not SavedView.objects.select_for_update().filter(pk=view.pk, user=actor).exists():
        raise TooLate(Reason("saved_view.gone"))


def _good_name(name: str) -> str:
    name = " ".join(name.replace("\x00", " ").split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(Reason("saved_view.name_length", {"most": LONGEST_NAME}), field="name")
    return name


def _write(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise Invalid(Reason("saved_view.name_taken", {"name": view.name}), field="name") from error
