"""The graph of a run as its template draws it: states, words and links on the coordinates of rules.dag."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _

from upgrades.rules import dag
from upgrades.selectors import RunGraph, Step
from upgrades.templatetags.ocpdash import elapsed, subtask_status
from upgrades.views.run_address import Address

DONE = frozenset({"successful", "skipped"})
NOT_BEGUN = frozenset({"pending", "ready"})
AT_WORK = frozenset({"running", "canceling"})
_CORNER = 6


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A subtask's rectangle with its link."""

    place: dag.PlacedNode
    step: Step
    status: str
    word: str
    took: str
    query: str
    is_selected: bool


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A hop, a zone, a stretch or parallel twins, open or folded; `counts` in words."""

    place: dag.PlacedBox
    status: str
    title: str
    counts: str
    query: str

    @property
    def members(self) -> str:
        return " ".join(self.place.node_keys)


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """A line and its tip as SVG paths; `kind`: done, hot (leads to what works or failed) or wait."""

    source: str
    target: str
    kind: str
    line: str
    tip: str


@dataclass(frozen=True, slots=True)
class Group:
    """The steps of one box in the table: its title, and the rows."""

    title: str
    rows: Sequence[Step]


class RunDrawing:
    """One run as one reader sees it now. `hop_versions`: the versions of the planned hops."""

    def __init__(self, graph: RunGraph, address: Address, hop_versions: Sequence[str], now: datetime) -> None:
        self.graph, self.address, self.hop_versions, self.now = graph, address, hop_versions, now
        self.states = {key: subtask_status(step.status, step.operation) for key, step in graph.steps.items()}
        self.boxes = {box.key: box for box in graph.shape.graph.boxes}
        self.drawing = graph.drawing(self._folded())

    @cached_property
    def nodes(self) -> list[DrawnNode]:
        return [self._node(place) for place in self.drawing.nodes]

    @cached_property
    def drawn_boxes(self) -> list[DrawnBox]:
        return [self._box(place) for place in self.drawing.boxes]

    @cached_property
    def edges(self) -> list[DrawnEdge]:
        states = {box.place.key: box.status for box in self.drawn_boxes} | self.states
        return [self._edge(edge, states) for edge in self.drawing.edges]

    @property
    def failed(self) -> list[str]:
        """Keys of failed steps in reading order, a child's before the one in the parent that waits for it.

        Without one of those, the parent's that wait: the child is drawn in their place.
        """
        drawn = self._burning({"failed"})
        return drawn or sorted(key for key, state in self.states.items() if state == "failed")

    @property
    def current(self) -> list[str]:
        """Keys of steps at work, in the same order."""
        return self._burning(AT_WORK)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height at the zoom of the address; the whole at 100 % where it is to fit."""
        scale = (self.address.zoom or 100) / 100
        return round((self.drawing.width + 32) * scale), round((self.drawing.height + 32) * scale)

    def _burning(self, states: Collection[str]) -> list[str]:
        found = [key for key in self.graph.shape.order if self.states[key] in states]
        return sorted(found, key=lambda key: not self.trail(key))

    @property
    def hops(self) -> list[DrawnBox]:
        """The hops whose child is known, in order."""
        return [box for box in self.drawn_boxes if box.place.kind == "hop"]

    @cached_property
    def table(self) -> list[Group]:
        """Every step in the order of the graph, under the hop and the zone it stands in."""
        groups: list[tuple[str, list[Step]]] = []
        for key in self.graph.shape.order:
            trail = [box for box in self.trail(key) if self.boxes[box].kind != "server"]
            title = " · ".join(self.title(self.boxes[box]) for box in trail)
            if not groups or groups[-1][0] != title:
                groups.append((title, []))
            groups[-1][1].append(self.graph.steps[key])
        return [Group(title, rows) for title, rows in groups]

    @cached_property
    def items(self) -> list[tuple[int, DrawnBox | DrawnNode]]:
        """Boxes and nodes as one list in reading order, each with its depth: the graph on a phone."""
        place = {key: index for index, key in enumerate(self.graph.shape.order)}
        found: list[tuple[int, int, DrawnBox | DrawnNode]] = [
            (min(place[key] for key in box.place.node_keys), len(self.box_trail(box.place.key)), box)
            for box in self.drawn_boxes
        ]
        found += [(place[node.place.key], len(self.trail(node.place.key)) + 1, node) for node in self.nodes]
        return [(depth, item) for _place, depth, item in sorted(found, key=lambda one: (one[0], one[1]))]

    def trail(self, key: str) -> list[str]:
        """The boxes round a subtask, outermost first."""
        return self.box_trail(self.graph.shape.graph.homes.get(key, ""))

    def box_trail(self, key: str) -> list[str]:
        """A box and those round it, outermost first."""
        found: list[str] = []
        while key in self.boxes and key not in found:
            found.append(key)
            key = self.boxes[key].parent
        return found[::-1]

    def title(self, box: dag.Box | dag.PlacedBox) -> str:
        """What a box is called."""
        words = {"number": box.number, "count": box.count, "label": box.label}
        if box.kind == "hop":
            is_planned = box.count == len(self.hop_versions)
            version = self.hop_versions[box.number - 1] if is_planned else ""
            text = _("Hop %(number)s of %(count)s · to %(version)s") if version else _("Hop %(number)s of %(count)s")
            return text % {**words, "version": version}
        titles = {
            "prepare": _("Prepare"),
            "zone": _("Zone %(number)s of %(count)s"),
            "finish": _("Finish"),
            "server": _("Parallel %(label)s"),
        }
        return titles.get(box.kind, "%(label)s") % words

    def took(self, step: Step) -> str:
        """How long a step has worked: 2:51; "" before it began."""
        if step.started_at is None or self.states[step.key] in NOT_BEGUN:
            return ""
        return elapsed((step.finished_at or self.now) - step.started_at)

    def _folded(self) -> frozenset[str]:
        """Folded when finished or not begun, open where it burns; a reader's wish, and what is selected, come first."""
        members: dict[str, list[str]] = {}
        for key in self.graph.steps:
            for box in self.trail(key):
                members.setdefault(box, []).append(self.states[key])
        selected = frozenset(self.trail(self.address.node))
        folded = {key for key, states in members.items() if _is_quiet(states) and self.boxes[key].kind != "server"}
        return frozenset((folded | self.address.shut) - self.address.opened - selected)

    def _node(self, place: dag.PlacedNode) -> DrawnNode:
        step = self.graph.steps[place.key]
        is_selected = place.key == self.address.node
        return DrawnNode(
            place=place,
            step=step,
            status=self.states[place.key],
            word=ocp_word(step),
            took="" if is_forced(step) else self.took(step),
            query=self.address.selecting("" if is_selected else place.key),
            is_selected=is_selected,
        )

    def _box(self, place: dag.PlacedBox) -> DrawnBox:
        states = [self.states[key] for key in place.node_keys]
        return DrawnBox(
            place=place,
            status=status_of(states),
            title=self.title(place),
            counts=counted(states),
            query=self.address.toggled(place.key, is_folded=place.is_folded),
        )

    def _edge(self, edge: dag.PlacedEdge, states: Mapping[str, str]) -> DrawnEdge:
        kind = edge_kind(states.get(edge.source, ""), states.get(edge.target, ""))
        return DrawnEdge(edge.source, edge.target, kind, _line(edge.points), _tip(edge.points))


def is_forced(step: Step) -> bool:
    """Whether OCP does something else than the plain EXECUTE."""
    return step.operation not in ("", "EXECUTE")


def ocp_word(step: Step) -> str:
    """OCP's own words, verbatim: "SUCCESSFUL by SKIP"."""
    return ocp_words(step.status, step.operation)


def ocp_words(status: str, operation: str) -> str:
    """The same of any status and operation."""
    word = status or _("no status")
    if operation in ("", "EXECUTE"):
        return word
    return _("%(status)s by %(operation)s") % {"status": word, "operation": operation}


def status_of(states: Collection[str]) -> str:
    """The state of a box from those of its nodes. static/js/run/states.js does the same."""
    found = set(states)
    if "failed" in found:
        return "failed"
    if found <= DONE:
        return "successful"
    return "pending" if found <= NOT_BEGUN else "running"


def counted(states: Sequence[str]) -> str:
    """ "9 of 15", and how many failed. static/js/run/states.js does the same."""
    done, failed = sum(state in DONE for state in states), sum(state == "failed" for state in states)
    text = _("%(done)s of %(all)s") % {"done": done, "all": len(states)}
    return text + (_(" · %(failed)s failed") % {"failed": failed} if failed else "")


def edge_kind(source: str, target: str) -> str:
    """How a line looks. static/js/run/states.js does the same."""
    if target in AT_WORK or target == "failed":
        return "hot"
    return "done" if source in DONE and target in DONE else "wait"


def _is_quiet(states: Iterable[str]) -> bool:
    found = set(states)
    return found <= DONE or found <= NOT_BEGUN


def _line(points: Sequence[tuple[int, int]]) -> str:
    """A path with rounded elbows, ending where its tip begins."""
    ends = [*points[:-1], _before(points[-2], points[-1])]
    text = f"M{ends[0][0]} {ends[0][1]}"
    for index, corner in enumerate(ends[1:-1], 1):
        start, end = _towards(corner, ends[index - 1]), _towards(corner, ends[index + 1])
        text += f"L{start[0]} {start[1]}Q{corner[0]} {corner[1]} {end[0]} {end[1]}"
    return f"{text}L{ends[-1][0]} {ends[-1][1]}"


def _tip(points: Sequence[tuple[int, int]]) -> str:
    (x, y), (left, top) = points[-1], points[-2]
    if abs(x - left) > abs(y - top):
        step = -6 if x > left else 6
        return f"M{x + step} {y - 4}v8L{x} {y}z"
    step = -6 if y > top else 6
    return f"M{x - 4} {y + step}h8L{x} {y}z"


def _before(source: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    return _towards(target, source, 5)


def _towards(start: tuple[int, int], goal: tuple[int, int], room: int = _CORNER) -> tuple[int, int]:
    """The point `room` pixels from start to goal, or half of the way where that is shorter."""
    wide, tall = goal[0] - start[0], goal[1] - start[1]
    length = max(1.0, (wide**2 + tall**2) ** 0.5)
    part = min(room / length, 0.5)
    return round(start[0] + wide * part), round(start[1] + tall * part)
