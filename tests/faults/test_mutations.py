"""The hunt for mutants is itself proved: each kind of wrong is made, and code that is not changed survives."""

import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

from tests.faults import lengths
from tests.faults.mutants import ROOT
from tests.faults.mutations import mutants

CODE = '''
def larger(first, second):
    """Its text is left alone: 5."""
    logger.info("told")
    if not first:
        raise ValueError
    total = first + 1
    note(total)
    return total > second and True


class Thing:
    def holds(self, other):
        return other in self.others
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "larger.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def test_every_kind_of_wrong_is_made_and_none_of_what_only_tells(module: Path) -> None:
    assert [(one.function, one.what.partition(": ")[2]) for one in mutants(module)] == [
        ("larger", "if not first -> True"),
        ("larger", "if not first -> False"),
        ("larger", "not first -> first"),
        ("larger", "raise ValueError -> taken out"),
        ("larger", "first + 1 -> first - 1"),
        ("larger", "1 -> 2"),
        ("larger", "note(total) -> taken out"),
        ("larger", "return total > second and True -> return None"),
        ("larger", "total > second and True -> total > second or True"),
        ("larger", "total > second -> total >= second"),
        ("larger", "True -> False"),
        ("Thing.holds", "return other in self.others -> return None"),
        ("Thing.holds", "other in self.others -> other not in self.others"),
    ]


def test_a_mutant_is_the_function_with_one_wrong_in_it(module: Path) -> None:
    told: list[int] = []
    names = {"logger": __import__("logging").getLogger("none"), "note": told.append}
    wrongs = {one.what.partition(": ")[2]: FunctionType(one.code, names) for one in mutants(module)}
    assert wrongs["first + 1 -> first - 1"](3, 2) is False
    assert wrongs["1 -> 2"](3, 4) is True
    assert told == [2, 5]
    assert wrongs["note(total) -> taken out"](3, 2) is True
    assert told == [2, 5]


@lengths.longer
@pytest.mark.parametrize("is_told", [True, False])
def test_a_hunt_finds_what_no_test_notices(tmp_path: Path, is_told: bool) -> None:
    """log_text.py by its own tests, or by one that only calls it."""
    blind = tmp_path / "test_blind.py"
    blind.write_text("from upgrades.rules import log_text\n\ndef test_it():\n    log_text.parts(['x'])\n")
    tests = ROOT / "tests" / "rules" / "test_log_text.py" if is_told else blind
    command = [sys.executable, "-m", "tests.faults.mutants", "upgrades/rules/log_text.py", "--tests", str(tests)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    survivors = [line for line in done.stdout.splitlines() if "survives:" in line]
    # zip() over two lists that are equally long by construction.
    assert all("True -> False" in line for line in survivors) == is_told, done.stdout + done.stderr
    assert "R9: mutants of upgrades/rules/log_text.py" in done.stdout, done.stdout + done.stderr
