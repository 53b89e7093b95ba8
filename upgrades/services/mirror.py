"""How a whole list read from OCP becomes rows. What vanishes is marked, never deleted; an older read never wins."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

Columns = Mapping[str, Any]


def apply(
    rows: QuerySet[Any],
    *,
    key: str,
    seen: Mapping[Any, Columns],
    at: datetime,
    completing: Callable[[Any, Any | None, dict[str, Any]], None] | None = None,
    **common: Any,
) -> None:
    """Make `rows` equal to the list read at `at`, in the caller's transaction.

    `seen` maps the value of the column `key` to the other columns of that row; `common` are columns of every new row.
    `completing` may add to the columns of a row about to be written; it gets the key, the row as it was (None for a new
    one) and the columns.
    Unchanged rows cost one UPDATE together, for their observed_at.
    """
    known = {getattr(row, key): row for row in rows}
    new, same = [], []
    # By the columns to write: a column that is not ours to write here may have been changed since we read the row.
    changed: dict[frozenset[str], list[Any]] = {}
    for name, columns in seen.items():
        row = known.pop(name, None)
        if row is not None and _is_older(row, at):
            continue
        if row is not None and row.missing_since is None and _is_same(row, columns):
            same.append(row.pk)
            continue
        fresh = dict(columns)
        if completing is not None:
            completing(name, row, fresh)
        if row is None:
            new.append(rows.model(observed_at=at, **{key: name}, **common, **fresh))
        else:
            fresh |= {"observed_at": at, "missing_since": None}
            _set(row, fresh)
            changed.setdefault(frozenset(fresh), []).append(row)
    objects = rows.model._default_manager
    objects.bulk_create(new)
    for names, group in changed.items():
        # An upsert by primary key: for thousands of rows much faster than an UPDATE with as many CASEs.
        objects.bulk_create(
            group, update_conflicts=True, unique_fields=["id"], update_fields=sorted(names), batch_size=1000
        )
    objects.filter(pk__in=same).update(observed_at=at)
    _mark_missing(objects, known.values(), at)


def _is_same(row: Any, columns: Columns) -> bool:
    return all(getattr(row, column) == value for column, value in columns.items())


def _set(row: Any, columns: Columns) -> None:
    for column, value in columns.items():
        setattr(row, column, value)


def _is_older(row: Any, at: datetime) -> bool:
    """Whether a read begun at `at` is older than what the row holds."""
    return bool(max(row.observed_at, row.missing_since or row.observed_at) > at)


def _mark_missing(objects: Any, rows: Iterable[Any], at: datetime) -> None:
    gone = [row.pk for row in rows if row.missing_since is None and not _is_older(row, at)]
    if gone:
        objects.filter(pk__in=gone).update(missing_since=at)
