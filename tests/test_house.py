"""Rules of the whole house: what no single room can see. Imports are import-linter's matter."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from upgrades import audit, reasons
from upgrades.rules import workflow

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [ROOT / "ocpdash", ROOT / "upgrades"]
CODE = re.compile(r"[a-z_]+\.[a-z0-9_]*[a-z0-9]")
# Made from a part that is not in one piece in the code.
MADE_CODES = {f"plan.endpoint_{part}" for part in ("address_changed", "account_changed", "ca_changed", "other")}
MOST_LINES = 300
# A story of one matter may be longer than code, not much.
MOST_LINES_OF_TESTS = 400


def sources(*folders: Path) -> list[Path]:
    found = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def calls(name: str) -> Iterator[ast.Call]:
    """Every call of a function of that name in the product, qualified or not."""
    for path in sources(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name == getattr(node.func, "attr", getattr(node.func, "id", "")):
                yield node


def first_words(name: str) -> set[str]:
    """The first argument of every call of `name`, where it is written out."""
    first = [call.args[0] for call in calls(name) if call.args]
    return {node.value for node in first if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def dotted_words() -> set[str]:
    """Every text in the product's code that looks like a reason's code and is of a family that reasons have."""
    families = {code.partition(".")[0] for code in {*first_words("Reason"), *reasons.SENTENCES}}
    found = set()
    for path in sources(ROOT / "upgrades" / "rules", ROOT / "upgrades" / "services", ROOT / "upgrades" / "views"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return {word for word in found if word.partition(".")[0] in families}


def test_every_reason_has_a_sentence() -> None:
    codes = {code for code in first_words("Reason") if CODE.fullmatch(code)}
    made = dotted_words() - set(audit.ACTIONS) | MADE_CODES
    assert sorted((codes | made) - set(reasons.SENTENCES)) == []


def test_every_sentence_has_a_reason() -> None:
    assert sorted(set(reasons.SENTENCES) - first_words("Reason") - dotted_words() - MADE_CODES) == []


def moved() -> set[str]:
    """The audit actions that move() writes."""
    return {f"{machine}.{move.action}" for machine, moves in workflow.MOVES.items() for move in moves}


def recorded_words() -> set[str]:
    return first_words("record") | first_words("attempt") | first_words("attempt_as_admin")


def test_every_recorded_action_stands_in_the_catalogue() -> None:
    recorded = {word for word in recorded_words() if "." in word}
    assert sorted((recorded | moved()) - set(audit.ACTIONS)) == []


def test_every_action_of_the_catalogue_is_recorded_somewhere() -> None:
    assert sorted(set(audit.ACTIONS) - recorded_words() - moved()) == []


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_style_script_or_unescaped_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    html = re.sub(r"{%.*?%}", "", text, flags=re.DOTALL)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=['\"]", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\|\s*safe\b|autoescape\s+off", text)


def test_no_script_writes_html() -> None:
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        assert not re.search(
            r"\b(inner|outer)HTML\s*=|insertAdjacentHTML|\beval\(", path.read_text(encoding="utf-8")
        ), path


def test_no_code_of_ours_trusts_text_or_certificates_blindly() -> None:
    for path in sources(*PRODUCT):
        assert not re.search(r"mark_safe\(|verify=False|@csrf_exempt", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    "room", ["ocpdash", "upgrades/rules", "upgrades/services", "upgrades/selectors", "upgrades/ocp"]
)
def test_the_page_about_the_house_names_every_module(room: str) -> None:
    named = set(re.findall(r"[a-z_]+", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")))
    assert sorted({path.stem for path in (ROOT / room).glob("*.py")} - {"__init__"} - named) == []


def test_no_file_is_longer_than_people_read() -> None:
    files = [*sources(*PRODUCT, ROOT / "tests", ROOT / "bench"), *sorted((ROOT / "static").rglob("*.js"))]
    long = {}
    for path in files:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        most = MOST_LINES_OF_TESTS if path.is_relative_to(ROOT / "tests") else MOST_LINES
        if lines > most and "vendor" not in path.parts:
            long[str(path.relative_to(ROOT))] = lines
    assert long == {}


def test_every_documented_answer_is_told_of_and_asked_for_by_a_test() -> None:
    folder = ROOT / "tests" / "payloads"
    kept = {path.stem for path in folder.glob("*.json")}
    rows = "".join(line for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if line[0:1] == "|")
    assert set(re.findall(r"([\w-]+)\.json", rows)) == kept
    rooms = (ROOT / "tests" / "ocp", ROOT / "tests" / "simulator")
    asked = {word for path in sources(*rooms) for word in words_of(path)}
    assert sorted(kept - asked) == []


def words_of(path: Path) -> set[str]:
    """Every text that stands in a module's code."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_product_imports_only_what_its_own_requirements_install() -> None:
    """`make demo` installs no more; the tests' packages would hide what is missing."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    listed = {
        re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([\w.-]+)(?:\[\w+\])?==", text, re.MULTILINE)
    }
    owners = metadata.packages_distributions()
    for path in sources(*PRODUCT):
        for name in imported(path) - sys.stdlib_module_names - {"ocpdash", "upgrades"}:
            found = {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners.get(name, [name])}
            assert found & listed, f"{path.name} imports {name}"


def imported(path: Path) -> set[str]:
    """The top packages that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
