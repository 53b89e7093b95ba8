"""What the address of a run's page holds: the view, the selected subtask, what is opened and folded by hand."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

VIEWS = ("graph", "table", "events")
_KEY = re.compile(r"[0-9]{1,18}/[0-9]{1,18}")
_KEYS_MOST = 64
_KEY_MOST = 120


@dataclass(frozen=True, slots=True)
class Address:
    """All of it is a reader's wish: nothing here is trusted, unknown keys select nothing."""

    view: str = "graph"
    node: str = ""
    opened: frozenset[str] = field(default_factory=frozenset)
    shut: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, query: QueryDict) -> "Address":
        """The address of a request."""
        view, node = query.get("view", ""), query.get("node", "")
        return cls(
            view if view in VIEWS else "graph",
            node if _KEY.fullmatch(node) else "",
            _keys(query, "open"),
            _keys(query, "shut"),
        )

    def query(self) -> str:
        """The part behind the question mark, with it; "" for the page as it comes."""
        pairs = [("view", self.view)] if self.view != "graph" else []
        pairs += [("node", self.node)] if self.node else []
        pairs += [("open", key) for key in sorted(self.opened)] + [("shut", key) for key in sorted(self.shut)]
        return f"?{urlencode(pairs, safe='/')}" if pairs else "?"

    @property
    def graph_query(self) -> str:
        return replace(self, view="graph").query()

    @property
    def table_query(self) -> str:
        return replace(self, view="table").query()

    @property
    def events_query(self) -> str:
        return replace(self, view="events").query()

    @property
    def without_node(self) -> str:
        return self.selecting("")

    def showing(self, node: str) -> str:
        """The query of the graph with that subtask selected."""
        return replace(self, view="graph", node=node).query()

    def selecting(self, node: str) -> str:
        """The query with that subtask selected, "" for none."""
        return replace(self, node=node).query()

    def toggled(self, box: str, *, is_folded: bool) -> str:
        """The query with a box opened, or folded where it is open. Folding it lets go of a subtask inside."""
        if is_folded:
            return replace(self, opened=self.opened | {box}, shut=self.shut - {box}).query()
        return replace(self, opened=self.opened - {box}, shut=self.shut | {box}, node="").query()


def _keys(query: QueryDict, name: str) -> frozenset[str]:
    return frozenset(key for key in query.getlist(name)[:_KEYS_MOST] if 0 < len(key) <= _KEY_MOST)
