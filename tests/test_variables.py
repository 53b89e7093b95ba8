"""The table of variables in docs/operations.md, held against what the settings read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ocpdash import variables
from ocpdash.environment import Variable
from tests.test_packaging import ROOT, from_dockerfile


def check(root: Path, *, mode: str = "production") -> subprocess.CompletedProcess[str]:
    """settings_table --check, in that checkout."""
    environment = {**from_dockerfile(), "OCPDASH_MODE": mode, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "manage.py", "settings_table", "--check"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    for name in ("ocpdash", "upgrades", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


def test_the_table_is_up_to_date() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


def test_a_default_that_changed_and_a_variable_that_is_new_are_told(checkout: Path) -> None:
    settings = checkout / "ocpdash" / "settings.py"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"STALE_SECONDS", 90', '"STALE_SECONDS", 91'), encoding="utf-8")
    assert "out of date: run make settings" in check(checkout).stderr
    settings.write_text(text + 'NEW = env.text("A_NEW_ONE", "")\n', encoding="utf-8")
    assert "do not name the same: A_NEW_ONE." in check(checkout).stderr


def test_it_tells_of_production_alone() -> None:
    assert "set OCPDASH_MODE=production" in check(ROOT, mode="demo").stderr


def test_a_row_says_what_must_be_set_and_what_may_come_from_a_file() -> None:
    found = {name: Variable("x") for name in variables.MEANINGS} | {
        "SECRET_KEY": Variable(None, is_secret=True),
        "STATIC_ROOT": Variable("/checkout/var/static"),
        "STALE_SECONDS": Variable("90"),
    }
    rows = variables.table(found, Path("/checkout")).splitlines()
    (secret,) = (row for row in rows if row.startswith("| `SECRET_KEY`"))
    assert "**must be set**" in secret
    assert "`SECRET_KEY_FILE`" in secret
    assert any(row.startswith("| `STATIC_ROOT` | `var/static` |") for row in rows)
    assert any(row.startswith("| `STALE_SECONDS` | `90` s |") for row in rows)
