"""The log of a subtask as its pane shows it: which attempt, which lines, what was looked for and found."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from upgrades.models import SubtaskLog, UpgradeRun
from upgrades.rules import log_text, terminal
from upgrades.rules.log_text import Part
from upgrades.views.run_address import Address

LINES = 400
MORE_LINES = 1000
LINES_MOST = 6000
HITS_MOST = 1000
_LINE_MOST = 2000
_LEVEL = re.compile(r"\b(ERROR|WARN(?:ING)?|FATAL)\b")
_KINDS = {"WARN": "warn", "WARNING": "warn", "ERROR": "error", "FATAL": "error"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; `hit`: which hit it is, counted from 1, 0 for none."""

    text: str
    hit: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, without a terminal's codes; `kind`: warn, error or "". `pieces` only where it has hits."""

    text: str
    kind: str
    is_cut: bool = False
    is_head: bool = False
    pieces: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Tab:
    """An attempt that can be shown alone; `begun_at` None where OCP's head was cut or says no time."""

    part: Part
    begun_at: datetime | None
    query: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Log:
    """What is known of a log. `row` None: not read yet.

    hidden: lines before those shown, hidden_size their bytes; more_query shows more of them, "" where no more may be.
    hits: how often `address.find` stands in the shown lines; hidden_hits: in the hidden ones.
    """

    key: str
    row: SubtaskLog | None
    address: Address
    lines: Sequence[Line] = ()
    tabs: Sequence[Tab] = ()
    hidden: int = 0
    hidden_size: int = 0
    more_query: str = ""
    hits: int = 0
    hidden_hits: int = 0

    @property
    def form_pairs(self) -> list[tuple[str, str]]:
        """What the search's form sends along."""
        return replace(self.address, find="").pairs()

    @property
    def all_query(self) -> str:
        return replace(self.address, part=0, lines=0).query()

    @property
    def without_find(self) -> str:
        return replace(self.address, find="").query()


def log_of(run: UpgradeRun, address: Address, key: str) -> Log:
    """The log of the subtask `key` of the run as the Celery worker last read it, as `address` wants it shown."""
    row = row_of(run, key)
    address = replace(address, node=key)
    if row is None or not row.text:
        return Log(key, row, address)
    raw = terminal.lines(row.text)
    parts = log_text.parts(raw)
    part = next((one for one in parts if one.number == address.part), Part(0, "", "", 0, len(raw)))
    texts = [terminal.plain(line) for line in raw[part.first : part.end]]
    count = min(LINES_MOST, address.lines or LINES)
    before, shown = texts[: max(0, len(texts) - count)], texts[max(0, len(texts) - count) :]
    heads = {one.first - part.first - len(before) for one in parts if one.operation}
    lines = list(_lines(shown, address.find, heads))
    return Log(
        key=key,
        row=row,
        address=address,
        lines=lines,
        tabs=[_tab(address, one) for one in parts] if len(parts) > 1 else (),
        hidden=len(before),
        hidden_size=sum(len(text.encode()) + 1 for text in before),
        more_query=replace(address, lines=count + MORE_LINES).query() if before and count < LINES_MOST else "",
        hits=sum(piece.hit > 0 for line in lines for piece in line.pieces),
        hidden_hits=_count(before, address.find),
    )


def row_of(run: UpgradeRun, key: str) -> SubtaskLog | None:
    """What is kept of the log of the subtask `key`."""
    task_id, _slash, subtask_id = key.partition("/")
    rows = SubtaskLog.objects.filter(task_instance__run=run, task_instance__ocp_id=task_id, subtask_ocp_id=subtask_id)
    return rows.first()


def file_of(row: SubtaskLog) -> str:
    """The kept log as a file: whole lines, without codes that a reader's own terminal would obey."""
    return "".join(f"{terminal.plain(line)}\n" for line in terminal.lines(row.text))


def _tab(address: Address, part: Part) -> Tab:
    return Tab(
        part, _moment(part.begun), replace(address, part=part.number, lines=0).query(), part.number == address.part
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _lines(texts: Iterable[str], find: str, heads: set[int]) -> Iterator[Line]:
    number = 0
    for place, text in enumerate(texts):
        shown = text[:_LINE_MOST]
        pieces = list(_pieces(shown, find, number)) if find and number < HITS_MOST else []
        number = max([number, *(piece.hit for piece in pieces)])
        level = _LEVEL.search(shown[:80])
        yield Line(
            text=shown,
            kind=_KINDS[level.group(1)] if level else "",
            is_cut=len(text) > _LINE_MOST,
            is_head=place in heads,
            pieces=pieces if len(pieces) > 1 or any(piece.hit for piece in pieces) else (),
        )


def _pieces(text: str, find: str, number: int) -> Iterator[Piece]:
    """`text` cut at what is looked for, upper and lower case alike."""
    end = 0
    for found in re.finditer(re.escape(find), text, re.IGNORECASE):
        number += 1
        if found.start() > end:
            yield Piece(text[end : found.start()])
        yield Piece(found.group(), number)
        end = found.end()
    if end < len(text):
        yield Piece(text[end:])


def _count(texts: Iterable[str], find: str) -> int:
    wanted = re.compile(re.escape(find), re.IGNORECASE)
    return sum(len(wanted.findall(text)) for text in texts) if find else 0
