"""Static files as they are collected: joined, so that a page asks for few, and never joined wrongly."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from ocpdash import static_files
from tests import settings as test_settings

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    "js/main.js": 'import { twice, NAME as name } from "./run/more.js";\nwindow.told = name + twice(2);\n',
    "js/run/more.js": 'import { add } from "../add.js";\n\nexport const NAME = "n";\n'
    "const hidden = 1;\nexport function twice(number) { return add(number, number) * hidden; }\n",
    "js/add.js": "const hidden = 0;\nexport function add(one, other) { return one + other + hidden; }\n",
}


def test_joined_modules_do_what_they_did_apart(page: Page) -> None:
    joined = static_files.joined_module("js/main.js", MODULES.__getitem__)
    page.set_content(f"<script type=module>{joined}</script>")
    assert page.evaluate("window.told") == "n4"


def test_entries_are_what_no_module_imports() -> None:
    assert static_files.entries(list(MODULES), MODULES.__getitem__) == ["js/main.js"]


@pytest.mark.parametrize(
    "text",
    [
        'import * as all from "./add.js";\n',
        'import add from "./add.js";\n',
        "export default 1;\n",
        "export { hidden };\n",
        "export let moving = 1;\n",
        "const here = import.meta.url;\n",
        'import { again } from "./main.js";\n',
    ],
)
def test_what_could_be_joined_wrongly_is_refused(text: str) -> None:
    modules = {**MODULES, "js/main.js": text}
    with pytest.raises(ValueError, match=r"cannot be joined|import each other"):
        static_files.joined_module("js/main.js", modules.__getitem__)


def test_a_style_sheet_holds_what_it_imports_in_its_order() -> None:
    styles = {
        "css/app.css": '/* all */\n@import "a.css";\n@import "b.css" print;\n',
        "css/a.css": "a {}",
        "css/b.css": "b {}",
    }
    joined = static_files.joined_style("css/app.css", styles.__getitem__)
    assert joined == "/* all */\na {}\n@media print {\nb {}\n}\n"


def test_collected_files_ask_for_no_other_script_or_style(tmp_path: Path) -> None:
    environment = {**test_settings.ENVIRONMENT, "OCPDASH_MODE": "demo", "STATIC_ROOT": str(tmp_path)}
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    # The second time nothing is new, and the same comes of it.
    for _turn in range(2):
        subprocess.run(collect, env=environment, cwd=ROOT, check=True)
        hashed = [path for path in tmp_path.rglob("*.*.[jc]s*") if not path.name.endswith(".gz")]
        for name in ("js/main", "js/run/page", "css/app"):
            (file,) = (path for path in hashed if str(path.relative_to(tmp_path)).startswith(f"{name}."))
            assert not re.search(r"^(@?import|export)\b", file.read_text(encoding="utf-8"), re.MULTILINE), file
            assert file.with_name(f"{file.name}.gz").exists()
