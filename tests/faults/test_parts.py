"""make faults goes on where it ended, and ends well only where everything that it asked for was played and in order."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.record import commit
from tests.faults import record, table
from tests.faults.__main__ import main, parts
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.record import Line

AT = "abc1234"


def line(seeds: str, *, violations: int = 0, at: str = AT) -> Line:
    return Line("R0", "nothing", 10, violations, seeds, 1.0, at, "here")


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, in which plays are kept."""
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setenv("FAULTS_KEEP", "1")
    record.RESULTS.mkdir()
    return record.RESULTS


def test_parts_that_were_played_are_not_asked_for_again() -> None:
    assert parts(range(10), 4, []) == ["0-3", "4-7", "8-9"]
    assert parts(range(10), 4, [line("4-7")]) == ["0-3", "8-9"]
    assert parts(range(10), 5, [line("0-3"), line("4-7")]) == ["5-9"]


def test_a_red_part_is_asked_for_again_until_it_was_in_order() -> None:
    assert parts(range(8), 4, [line("0-3", violations=1), line("4-7")]) == ["0-3"]
    assert parts(range(8), 4, [line("0-3", violations=1), line("4-7"), line("0-3")]) == []


def test_a_part_that_no_commit_stands_for_is_asked_for_again() -> None:
    assert parts(range(4), 4, [line("0-3", at=f"{AT}-dirty")]) == ["0-3"]


@pytest.mark.parametrize(
    ("red", "ends_with"), [(line("0-3", violations=1), 1), (line("0-3", violations=1, at="def5678"), 0)]
)
def test_a_kept_violation_of_this_commit_is_no_good_end(
    results: Path, monkeypatch: pytest.MonkeyPatch, red: Line, ends_with: int
) -> None:
    monkeypatch.setitem(FAULTS, "R0", Fault("R0", "tests/faults/of_no_test.py", 8, 4))
    kept = (red, line("0-3"), line("4-7"))
    (results / "R0.jsonl").write_text("".join(f"{json.dumps(asdict(one))}\n" for one in kept), encoding="utf-8")
    assert main(["R0"], AT) == ends_with


def test_a_part_that_fails_without_a_line_is_no_good_end(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAULTS, "R0", Fault("R0", "tests/faults/of_no_test.py", 4, 4))
    assert main(["R0"], AT) == 1


def break_down() -> None:
    """A play that struck three times, found one violation, and never came to rest."""
    with record.kept("R0", "nothing", seeds=range(4)) as part:
        part.count, part.violations = 3, 1
        raise AssertionError("it never came to rest")


def test_what_is_raised_in_a_play_is_kept_as_a_violation(results: Path) -> None:
    with pytest.raises(AssertionError, match="never came"):
        break_down()
    (found,) = record.lines()
    assert (found.count, found.violations, found.seeds) == (3, 2, "0-3")


def test_a_play_that_raised_before_it_struck_is_shown_in_the_table(results: Path) -> None:
    with pytest.raises(pytest.fail.Exception), record.kept("R0", "nothing", seeds=range(4)):
        pytest.fail("Timeout")
    assert "| R0 | nothing | 0 | 1 | - | 0-3 |" in table.table(record.lines())


def test_a_play_in_order_is_kept_with_what_it_counted(results: Path) -> None:
    with record.kept("R0", "nothing", seeds=range(2, 6)) as part:
        part.count, part.about = 7, "nothing at all"
    (found,) = record.lines()
    assert (found.about, found.count, found.violations, found.seeds) == ("nothing at all", 7, 0, "2-5")


def test_a_play_that_somebody_broke_off_or_that_is_not_whole_leaves_no_line(results: Path) -> None:
    with pytest.raises(KeyboardInterrupt), record.kept("R0", "nothing", seeds=range(4)):
        raise KeyboardInterrupt
    with record.kept("R0", "nothing", seeds=range(4)) as part:
        part.is_whole = False
    assert record.lines() == []


def test_a_commit_says_so_where_the_files_are_not_its_own(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert commit(tmp_path) == "unknown"
    written = ("bench/results/live.json", "tests/faults/results/R1.jsonl", "docs/reliability.md")
    for name in ("product.py", *written):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n", encoding="utf-8")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "First")
    clean = git("rev-parse", "--short", "HEAD")
    for name in (*written, "new.py"):
        (tmp_path / name).write_text("2\n", encoding="utf-8")
    assert commit(tmp_path) == clean
    (tmp_path / "product.py").write_text("2\n", encoding="utf-8")
    assert commit(tmp_path) == f"{clean}-dirty"
    git("add", "product.py")
    assert commit(tmp_path) == f"{clean}-dirty"
