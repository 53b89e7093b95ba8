"""Pages of a long list, the newest first: each begins below a row of the one before, and nothing is counted."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page. `older`: what the next one begins below, None on the last."""

    rows: list[Row]
    older: int | None
    is_first: bool


def page_of(found: QuerySet[Row], before: int | None) -> Page[Row]:
    """The page of `found`, which is in order and narrowed to what comes after `before` already."""
    rows = list(found[: PAGE + 1])
    older = rows[PAGE - 1].pk if len(rows) > PAGE else None
    return Page(rows[:PAGE], older, before is None)
