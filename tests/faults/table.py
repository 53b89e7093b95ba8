"""python -m tests.faults.table: writes what was measured into docs/reliability.md, between its two marks."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from tests.faults import record
from tests.faults.record import Line

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: python -m tests.faults.table -->\n", "<!-- end of measured -->\n"
HEAD = (
    "| fault | what struck | count | violations | at most, at 95 % | seeds | seconds | commit |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def table(lines: Iterable[Line]) -> str:
    """Return the table of `lines`: a row for each fault and what struck, its parts added up."""
    ordered = sorted(lines, key=lambda line: (line.fault, line.about))
    groups = groupby(ordered, key=lambda line: (line.fault, line.about))
    return HEAD + "".join(_row(fault, about, list(parts)) for (fault, about), parts in groups)


def bound(count: int, violations: int) -> str:
    """Return the upper bound at 95 % of the share of violations: the rule of three, where there was none.

    Source: Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 1983.
    """
    if violations or not count:
        return "-"
    return f"{3 / count:.2g}"


def write() -> None:
    """Renew the page's table."""
    text = PAGE.read_text(encoding="utf-8")
    before, _mark, rest = text.partition(BEGIN)
    _old, _mark, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{table(record.lines())}{END}{after}", encoding="utf-8")


def _row(fault: str, about: str, parts: list[Line]) -> str:
    count, violations = sum(part.count for part in parts), sum(part.violations for part in parts)
    cells = (
        fault,
        about,
        f"{count:,}",
        str(violations),
        bound(count, violations),
        _spans(part.seeds for part in parts),
        f"{sum(part.seconds for part in parts):,.0f}",
        ", ".join(dict.fromkeys(part.commit for part in parts)),
    )
    return f"| {' | '.join(cells)} |\n"


def _spans(named: Iterable[str]) -> str:
    """Parts that follow on each other as one span."""
    spans: list[list[int]] = []
    for first, last in sorted((int(first), int(last or first)) for first, _dash, last in _parted(named)):
        if spans and first <= spans[-1][1] + 1:
            spans[-1][1] = max(spans[-1][1], last)
        else:
            spans.append([first, last])
    return ", ".join(f"{first}-{last}" if first < last else str(first) for first, last in spans) or "-"


def _parted(named: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    return (name.partition("-") for name in named if name != "-")


if __name__ == "__main__":
    write()
