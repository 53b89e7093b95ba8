"""docs/reliability.md claims nothing that no test stands behind, and shows the figures that were kept."""

import ast
import re
from pathlib import Path

import pytest

from tests.faults import lengths, record, table
from tests.faults.catalogue import FAULTS

LINK = re.compile(r"\[`(?P<name>[\w.]+)`\]\((?P<path>[^)#\s]+)\)")
# Sections whose every line has to name its test.
PROVED = ("What holds", "Which faults strike", "The checker is proved, too")
# Played by commands of their own: make mutants, make fuzz.
OTHERS = ("R9", "R12-parser")
# Faults of the plan that the page accounts for: by a row, by its count, or among what is not covered.
PLANNED = {"WEB": 5, "BRK": 4, "WRK": 7, "BEAT": 2, "DB": 6, "OCP": 8, "CLK": 2, "UI": 3, "AUD": 2}
NOT_PLANNED = {"F-DB-4"}
CHECKED = "\N{CHECK MARK}"
ROOT = table.PAGE.parent.parent


def page() -> str:
    return table.PAGE.read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", page(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def claims(text: str) -> list[str]:
    """Rows of tables below their heads, and list items, each as one line."""
    joined = re.sub(r"\n  +", " ", text)
    rows = [line for line in joined.splitlines() if line.startswith(("| ", "- "))]
    heads = {row for row, below in zip(joined.splitlines(), joined.splitlines()[1:], strict=False) if "|---" in below}
    return [row for row in rows if row not in heads]


@pytest.mark.parametrize("name", PROVED)
def test_every_claim_names_a_test(name: str) -> None:
    found = claims(sections()[name])
    assert found
    assert [claim for claim in found if not LINK.search(claim)] == []


def test_the_page_accounts_for_every_fault_of_the_plan() -> None:
    planned = {f"F-{kind}-{number + 1}" for kind, count in PLANNED.items() for number in range(count)} - NOT_PLANNED
    text = page().replace("F-WRK-1 to 3", "F-WRK-1 F-WRK-2 F-WRK-3")
    assert sorted(planned - set(re.findall(r"F-[A-Z]+-\d+", text))) == []


def test_the_checker_is_asked_where_the_page_says_so() -> None:
    rows = [claim for claim in claims(sections()["Which faults strike"]) if CHECKED in claim.split("|")[1]]
    assert len(rows) > 10
    for row in rows:
        texts = [(table.PAGE.parent / path).read_text(encoding="utf-8") for _name, path in LINK.findall(row)]
        assert any(re.search(r"checker\.|told\(|judge\(|settle", text) for text in texts), row


def test_every_test_that_the_page_names_is_there() -> None:
    missing = []
    for name, path in set(LINK.findall(page())):
        file = (table.PAGE.parent / path).resolve()
        is_module = name == Path(path).stem
        if not file.is_file() or not (is_module or name in _functions(file)):
            missing.append(f"{name} in {path}")
    assert missing == []


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("name", ["attacks", "measured"])
def test_a_table_is_as_it_would_be_written_now(name: str) -> None:
    assert table.shown(name) == table.tables()[name]


def test_every_kept_fault_can_be_played_again() -> None:
    assert {line.fault for line in record.lines()} <= {*FAULTS, *OTHERS}
    for fault in FAULTS.values():
        path, _colons, item = fault.test.partition("::")
        name = item.partition("[")[0]
        assert (ROOT / path).is_file(), fault
        assert not name or name in _functions(ROOT / path), fault


def test_parts_of_seeds_are_added_up() -> None:
    parts = [
        record.Line("R0", "nothing", 250, 0, seeds, 1.4, commit, "here")
        for seeds, commit in (("250-499", "b"), ("0-249", "a"), ("600-849", "b"))
    ]
    assert table.table(parts).splitlines()[2] == "| R0 | nothing | 750 | 0 | 0.004 | 0-499, 600-849 | 4 | b, a |"


def test_a_length_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTS", "long")
    with pytest.raises(ValueError, match="short, push, full"):
        lengths.seeds(short=1, push=2, full=3)


def test_a_part_of_the_seeds_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTS", "full")
    monkeypatch.setenv("FAULTS_SEEDS", "5-12")
    assert lengths.seeds(short=1, push=2, full=10) == range(5, 10)
