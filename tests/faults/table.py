"""python -m tests.faults.table: writes the tables of docs/reliability.md, attacks and figures, between their marks."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from tests.faults import record
from tests.faults.catalogue import GUARDS
from tests.faults.record import Line
from tests.faults.threats import THREATS, Threat

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"
ATTACKS_HEAD = "| | attack | test | not covered |\n|---|---|---|---|\n"
HEAD = (
    "| fault | what struck | count | violations | at most, at 95 % | seeds | seconds | commit |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def table(lines: Iterable[Line]) -> str:
    """Return the table of `lines`: a row for each fault and what struck, its parts added up; mutants by their rooms,
    the calls of the API together.
    """
    shorter = {"R8": _calls, "R9": _room}
    struck = (line for line in lines if line.count or line.violations)
    told = [replace(line, about=shorter.get(line.fault, str)(line.about)) for line in struck]
    ordered = sorted(told, key=lambda line: (line.fault, line.about))
    groups = groupby(ordered, key=lambda line: (line.fault, line.about))
    return HEAD + "".join(_row(fault, about, list(parts)) for (fault, about), parts in groups)


def bound(count: int, violations: int) -> str:
    """Return the upper bound at 95 % of the share of violations: the rule of three, where there was none.

    Source: Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 1983.
    """
    if violations or not count:
        return "-"
    return f"{min(1.0, 3 / count):.2g}"


def attacks() -> str:
    """Return the table of the threats: what is tried, by which tests, and what they leave open."""
    return ATTACKS_HEAD + "".join(_threat(number, threat) for number, threat in THREATS.items())


def tables() -> dict[str, str]:
    """Return each table by the name that its marks on the page bear."""
    return {"attacks": attacks(), "measured": table(record.lines())}


def marks(name: str) -> tuple[str, str]:
    """Return the lines before and after a table on the page."""
    return f"<!-- {name}: python -m tests.faults.table -->\n", f"<!-- end of {name} -->\n"


def shown(name: str) -> str:
    """Return the table as the page shows it; "" where it has none."""
    begin, end = marks(name)
    return PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]


def write() -> None:
    """Renew the page's tables."""
    text = PAGE.read_text(encoding="utf-8")
    for name, body in tables().items():
        begin, end = marks(name)
        before, _mark, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}{body}{end}{after}"
    PAGE.write_text(text, encoding="utf-8")


def _threat(number: str, threat: Threat) -> str:
    tests = (test.partition("::") for test in threat.tests)
    links = ", ".join(f"[`{name}`](../{path})" for path, _colons, name in tests)
    return f"| {number} | {threat.what} | {links or '-'} | {threat.not_covered} |\n"


def _calls(about: str) -> str:
    """Of "calls made of the API's text: clusters-list-GET" what is in front of the call's name."""
    return about.partition(":")[0]


def _room(about: str) -> str:
    """Of "mutants of upgrades/rules/plan.py, 98.6 % killed" the room, or that it is a guard."""
    module = about.removeprefix("mutants of ").partition(",")[0]
    room = "guard functions" if module in GUARDS else module.rpartition("/")[0]
    return f"mutants of {room}"


def _row(fault: str, about: str, parts: list[Line]) -> str:
    count, violations = sum(part.count for part in parts), sum(part.violations for part in parts)
    cells = (
        fault,
        about,
        f"{count:,}",
        str(violations),
        bound(count, violations) if fault != "R9" else f"{1 - violations / count:.1%} killed",
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
