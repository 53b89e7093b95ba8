"""What the address of a run's page holds, so that a link shows a colleague the same."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

VIEWS = ("graph", "timeline", "table", "events")
# The whole graph in its frame, however large it is.
FIT = 0
ZOOMS = (25, 50, 75, 100, 150, 200)
_KEY = re.compile(r"[0-9]{1,18}/[0-9]{1,18}")
_CENTRE = re.compile(r"-?[0-9]{1,6},-?[0-9]{1,6}")
_KEYS_MOST = 64
_KEY_MOST = 120
_FIND_MOST = 100
_ORDERS = ("newest", "oldest")
_PLAIN: dict[str, object] = {"view": "graph", "order": "newest", "zoom": 100}


@dataclass(frozen=True, slots=True)
class Address:
    """All of it is a reader's wish: nothing here is trusted, unknown keys select nothing.

    view: one of VIEWS. node: the chosen subtask. opened, shut: boxes by hand. order, only, page: of the events.
    part, lines, find: which attempt of the chosen log, how many lines of its end, what is looked for in it.
    zoom: in percent, or FIT; centre: "x,y" of the drawing, for the script alone.
    """

    view: str = "graph"
    node: str = ""
    opened: frozenset[str] = field(default_factory=frozenset)
    shut: frozenset[str] = field(default_factory=frozenset)
    order: str = "newest"
    only: str = ""
    page: int = 0
    part: int = 0
    lines: int = 0
    find: str = ""
    zoom: int = 100
    centre: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Address":
        """The address of a request."""
        node, centre = query.get("node", ""), query.get("centre", "")
        return cls(
            view=_one_of(VIEWS, query.get("view", "")),
            node=node if _KEY.fullmatch(node) else "",
            opened=_keys(query, "open"),
            shut=_keys(query, "shut"),
            order=_one_of(_ORDERS, query.get("order", "")),
            only="failed" if query.get("only") == "failed" else "",
            page=_number(query, "page"),
            part=_number(query, "part"),
            lines=_number(query, "lines"),
            find=query.get("find", "").replace("\x00", "")[:_FIND_MOST],
            zoom=_zoom(query.get("zoom", "")),
            centre=centre if _CENTRE.fullmatch(centre) else "",
        )

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values behind the question mark; what is as it comes is left out."""
        found = [("view", self.view), ("node", self.node)]
        found += [("open", key) for key in sorted(self.opened)] + [("shut", key) for key in sorted(self.shut)]
        found += [("order", self.order), ("only", self.only)]
        found += [(name, str(getattr(self, name) or "")) for name in ("page", "part", "lines")]
        found += [("find", self.find), ("centre", self.centre)]
        if self.zoom != _PLAIN["zoom"]:
            found.append(("zoom", str(self.zoom) if self.zoom != FIT else "fit"))
        return [(name, value) for name, value in found if value and value != _PLAIN.get(name)]

    def query(self) -> str:
        """The part behind the question mark, with it; "?" for the page as it comes."""
        return f"?{urlencode(self.pairs(), safe='/,')}"

    @property
    def graph_query(self) -> str:
        return replace(self, view="graph").query()

    @property
    def timeline_query(self) -> str:
        return replace(self, view="timeline").query()

    @property
    def table_query(self) -> str:
        return replace(self, view="table").query()

    @property
    def events_query(self) -> str:
        return replace(self, view="events").query()

    @property
    def smaller_query(self) -> str:
        """The next zoom below; from FIT, below the natural size."""
        return self._zoomed(max([zoom for zoom in ZOOMS if zoom < (self.zoom or 100)], default=ZOOMS[0]))

    @property
    def larger_query(self) -> str:
        return self._zoomed(min([zoom for zoom in ZOOMS if zoom > (self.zoom or 75)], default=ZOOMS[-1]))

    @property
    def plain_query(self) -> str:
        return self._zoomed(100)

    @property
    def fit_query(self) -> str:
        return self._zoomed(FIT)

    @property
    def without_node(self) -> str:
        return self.selecting("")

    def showing(self, node: str) -> str:
        """The query of the graph with that subtask selected."""
        return replace(self._of(node), view="graph").query()

    def selecting(self, node: str) -> str:
        """The query with that subtask selected, "" for none."""
        return self._of(node).query()

    def toggled(self, box: str, *, is_folded: bool) -> str:
        """The query with a box opened, or folded where it is open. Folding it lets go of a subtask inside."""
        if is_folded:
            return replace(self, opened=self.opened | {box}, shut=self.shut - {box}).query()
        return replace(self._of(""), opened=self.opened - {box}, shut=self.shut | {box}).query()

    def _zoomed(self, zoom: int) -> str:
        return replace(self, view="graph", zoom=zoom, centre="").query()

    def _of(self, node: str) -> "Address":
        """What was asked of one subtask's log says nothing about another's."""
        return self if node == self.node else replace(self, node=node, part=0, lines=0, find="", centre="")


def _one_of(known: tuple[str, ...], word: str) -> str:
    return word if word in known else known[0]


def _keys(query: QueryDict, name: str) -> frozenset[str]:
    return frozenset(key for key in query.getlist(name)[:_KEYS_MOST] if 0 < len(key) <= _KEY_MOST)


def _number(query: QueryDict, name: str) -> int:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def _zoom(text: str) -> int:
    if text == "fit":
        return FIT
    return min(400, max(10, int(text))) if text.isascii() and text.isdigit() and len(text) <= 3 else 100
