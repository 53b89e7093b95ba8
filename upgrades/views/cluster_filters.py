"""What the list of clusters can be narrowed by, how many each filter shows, and the versions of the fleet."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from upgrades import selectors
from upgrades.models import ChangeRequest, Environment, User
from upgrades.rules import workflow

MOST_CHOICES = 200
MOST_SEGMENTS = 12
_TOLD_BY_KINDS = {"environment", "region", "state", "architecture", "endpoint", "only"}


@dataclass(frozen=True, slots=True)
class Select:
    """One list of choices. name: of the parameter; label: what it asks; anything: the word for no filter."""

    name: str
    label: str
    anything: str
    chosen: str
    values: list[str]


@dataclass(frozen=True, slots=True)
class Segment:
    """One version in the bar of the fleet. start, width: in thousandths; ink: 1 for the newest, less with age."""

    version: str
    count: int
    start: float
    width: float
    ink: float
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """The versions of the clusters shown, newest first. `rest`: clusters of the versions that are not drawn."""

    segments: list[Segment]
    others: int
    rest: int


def spread_of(versions: Mapping[str, int], chosen: str) -> Spread:
    """The bar over clusters by version. The commonest are drawn, in the order given."""
    drawn = {version for version, _count in Counter(versions).most_common(MOST_SEGMENTS)} | ({chosen} & versions.keys())
    shown = {version: count for version, count in versions.items() if version in drawn}
    total, past, segments = sum(versions.values()), 0, []
    for rank, (version, count) in enumerate(shown.items()):
        ink = 1 - 0.8 * rank / max(1, len(shown) - 1)
        width = 1000 * count / total
        segments.append(Segment(version, count, 1000 * past / total, width, round(ink, 2), version == chosen))
        past += count
    return Spread(segments, len(versions) - len(shown), total - past)


def versions_of(user: User, kinds: Iterable[selectors.Kind], filters: Mapping[str, Any]) -> dict[str, int]:
    """How many clusters run each version under `filters`, but for the version: counted from `kinds` where they tell."""
    asked = {name: value for name, value in filters.items() if name not in ("sort", "version")}
    if asked.keys() - _TOLD_BY_KINDS or asked.get("only") == "open":
        return selectors.version_counts(selectors.cluster_list(user, asked))
    found: Counter[str] = Counter()
    for kind in kinds:
        if _is_asked(kind, asked):
            found[kind.version] += kind.count
    return selectors.newest_first(found)


def _is_asked(kind: selectors.Kind, asked: Mapping[str, Any]) -> bool:
    """Whether clusters of this kind are among those that selectors.cluster_list() finds."""
    only, region = asked.get("only"), asked.get("region")
    if kind.is_gone != (only == "gone") or (only == "mixed" and not kind.is_mixed):
        return False
    if region and region not in kind.region_names:
        return False
    words = {
        "environment": kind.environment,
        "state": kind.status,
        "architecture": kind.architecture,
        "endpoint": kind.endpoint,
    }
    return all(words[name] == value for name, value in asked.items() if name in words)


def selects(user: User, kinds: Iterable[selectors.Kind], filters: Mapping[str, Any]) -> list[Select]:
    """The lists beside the search: whatever has a choice to offer, or is chosen."""
    here = [kind for kind in kinds if not kind.is_gone]
    owners, labels = selectors.owners_and_labels(user)
    found = [
        _select(
            "region", _("Region"), _("All regions"), {name for kind in here for name in kind.region_names}, filters
        ),
        _select("state", _("OCP state"), _("Any OCP state"), {kind.status for kind in here}, filters),
        _select(
            "architecture", _("Architecture"), _("Any architecture"), {kind.architecture for kind in here}, filters
        ),
        _select("endpoint", _("Endpoint"), _("All endpoints"), {kind.endpoint for kind in here}, filters),
        _select("owner", _("Owner"), _("Any owner"), set(owners), filters),
        _select("label", _("Label"), _("Any label"), set(labels), filters),
    ]
    return [select for select in found if len(select.values) > _least(select) or select.chosen]


def _least(select: Select) -> int:
    """Every cluster has one of the facts of OCP; owner and label are things that most may lack."""
    return 0 if select.name in ("owner", "label") else 1


def _select(name: str, label: str, anything: str, values: set[str], filters: Mapping[str, Any]) -> Select:
    chosen = str(filters.get(name, ""))
    offered = sorted(values - {""})[:MOST_CHOICES]
    # A choice that no cluster has any more still stands in the address: it must show, to be taken back.
    if chosen and chosen not in offered:
        offered.append(chosen)
    return Select(name, label, anything, chosen, offered)


def environments(user: User) -> list[tuple[str, Any]]:
    """The environments to choose from; none where there is only one."""
    found = [(value, word) for value, word in Environment.choices if value in user.environments]
    return found if len(found) > 1 else []


def counts(user: User, kinds: Iterable[selectors.Kind]) -> dict[str, int]:
    """How many clusters the reader may see, and how many each quick filter would show."""
    found: Counter[str] = Counter()
    for kind in kinds:
        if kind.is_gone:
            found["gone"] += kind.count
            continue
        found["total"] += kind.count
        found["mixed"] += kind.count if kind.is_mixed else 0
        found["unread"] += kind.count if kind.is_unread else 0
    taken = ChangeRequest.objects.visible_to(user).filter(
        status__in=workflow.REQUEST_TAKING_CLUSTER, cluster__missing_since=None
    )
    return {"gone": 0, "total": 0, "mixed": 0, "unread": 0, **found, "open": taken.count()}
