"""Simplified Chinese is whole: every marked string translated, and every visible string marked. Needs no gettext."""

import ast
import io
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from babel.messages.extract import extract
from django.template.base import Lexer, Token, TokenType
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "upgrades" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SOURCES = [
    path
    for folder in ("ocpdash", "upgrades")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.parent.name != "migrations"
]
KEYWORDS = {
    name + lazy: places
    for name, places in {
        "gettext": None,
        "ngettext": (1, 2),
        "pgettext": ((1, "c"), 2),
        "npgettext": ((1, "c"), 2, 3),
    }.items()
    for lazy in ("", "_lazy")
} | {"_": None}

# Context, singular, plural ("" without one).
Key = tuple[str, str, str]

# Blocks that stand inside a tag: classes and attributes.
BLOCKS_IN_TAGS = {"keeps_typed", "main_class", "shell_class"}
SHOWN_ATTRIBUTES = {"title", "aria-label", "placeholder", "alt", "label"}
# Shown in every language alike.
NAMES = re.compile(r"\b(ocpdash|OCP|OceanBase|sha1)\b")
WORD = re.compile(r"[A-Za-z]{2,}")
SEVERAL_WORDS = re.compile(r"[A-Za-z]{2,}[,.:;]? +[A-Za-z]{2,}")
LITERAL = re.compile(r'(?<!_\()"([^"]*)"')
HAN = "[\u4e00-\u9fff]"
WIDE = "[，。：；？！、（）]"


def extracted(source: str) -> Iterator[Key]:
    """What is marked in Python source."""
    for _line, _function, found, _comments, context in _extract(source):
        singular, plural = found if isinstance(found, tuple) else (found, "")
        yield context or "", singular, plural


def _extract(source: str) -> Iterable[tuple[int, str, str | tuple[str, str], list[str], str | None]]:
    for line, message, comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        # With a context, Babel leaves the context in front.
        found = message[1:] if context and isinstance(message, tuple) else message
        yield line, "", found[0] if isinstance(found, tuple) and len(found) == 1 else found, comments, context


def as_python(template: str) -> str:
    """What a template marks, as Python; indents are taken away, for they mean nothing there."""
    return "\n".join(line.strip() for line in templatize(template).splitlines())


@cache
def marked() -> dict[Key, str]:
    """Every marked string of the source, and a file that holds it."""
    found = {key: path.name for path in SOURCES for key in extracted(path.read_text(encoding="utf-8"))}
    return found | {
        key: path.name for path in TEMPLATES for key in extracted(as_python(path.read_text(encoding="utf-8")))
    }


@cache
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def key_of(entry: polib.POEntry | polib.MOEntry) -> Key:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""


def words_of(entry: polib.POEntry | polib.MOEntry) -> str:
    """The Chinese of an entry; Chinese has one form for all numbers."""
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def test_the_source_marks_strings_of_every_shape() -> None:
    keys = marked()
    assert ("", "Back to the start", "") in keys
    assert ("status", "Draft", "") in keys
    assert ("", "1 cluster", "%(count)s clusters") in keys
    assert len(keys) > 900


def test_every_marked_string_is_in_the_catalogue() -> None:
    known = {key_of(entry) for entry in catalogue() if not entry.obsolete}
    assert {key: path for key, path in marked().items() if key not in known} == {}


def test_the_catalogue_holds_nothing_that_the_source_no_longer_marks() -> None:
    assert [entry.msgid for entry in catalogue() if entry.obsolete or key_of(entry) not in marked()] == []


def test_every_string_is_translated_and_none_is_a_guess() -> None:
    assert [entry.msgid for entry in catalogue() if entry.fuzzy or not words_of(entry).strip()] == []
    assert [entry.msgid for entry in catalogue() if entry.msgid_plural and set(entry.msgstr_plural) != {0}] == []
    assert catalogue().metadata["Plural-Forms"] == "nplurals=1; plural=0;"


def parts(text: str) -> list[str]:
    """Places and tags of a string, which every language must keep."""
    return sorted(re.findall(r"%\(\w+\)[sd]|\{\w+\}|</?[a-z][^>]*>", text))


def test_places_and_tags_are_the_same_in_both_languages() -> None:
    entries = list(catalogue())
    assert sum(bool(parts(entry.msgid)) for entry in entries) > 200
    assert [
        entry.msgid for entry in entries if parts(words_of(entry)) != parts(entry.msgid_plural or entry.msgid)
    ] == []


def test_the_compiled_catalogue_equals_the_written_one() -> None:
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    assert {key_of(entry): words_of(entry) for entry in compiled} == {
        key_of(entry): words_of(entry) for entry in catalogue()
    }
    assert compiled.metadata["Plural-Forms"] == catalogue().metadata["Plural-Forms"]


def han_of(entry: polib.POEntry, place: str = "") -> str:
    """The Chinese with `place` for what is filled in, and without tags."""
    return re.sub(r"%\(\w+\)s|\{\w+\}", place, re.sub("<[^>]*>", "", words_of(entry)))


def test_chinese_is_set_by_one_rule() -> None:
    """Chinese punctuation, and a space between Chinese and Latin alone."""
    close = [f"{HAN}[A-Za-z0-9]", f"[A-Za-z0-9]{HAN}", f"{HAN}[,;:?!.(]", f"[,;:?!)]{HAN}", r"\.\.\."]
    apart = [f"{HAN} {HAN}", f" {WIDE}", f"{WIDE} (?!$)", "[，。：；、][，。：；、]"]
    words = [(han_of(entry), han_of(entry, "x")) for entry in catalogue()]
    assert [(rule, text) for text, _filled in words for rule in close if re.search(rule, text)] == []
    assert [(rule, text) for _empty, text in words for rule in apart if re.search(rule, text)] == []


def test_both_languages_begin_and_end_alike() -> None:
    """What is joined to something before or after it is so in both, and a sentence is a sentence."""
    words = [(entry.msgid, words_of(entry)) for entry in catalogue() if entry.msgctxt != "between names"]
    assert [pair for pair in words if len({(text[0] == " ", text[-1] == " ") for text in pair}) > 1] == []
    sentences = [pair for pair in words if " " in pair[0].strip()]
    assert [pair for pair in sentences if pair[0].endswith(".") != pair[1].endswith(("。", "."))] == []


# --- What is shown and not marked ---------------------------------------------------------------------------------


def tokens_outside(path: Path) -> Iterator[Token]:
    """The tokens of a template without comments, attributes in blocks of their own, and what blocktrans holds."""
    until = ""
    for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
        first, *others = token.contents.split() if token.token_type == TokenType.BLOCK else [""]
        if until:
            until = "" if first == until else until
        elif first in ("comment", "blocktrans", "blocktranslate") or (first == "block" and others[0] in BLOCKS_IN_TAGS):
            until = f"end{first}"
        elif token.token_type != TokenType.COMMENT:
            yield token


class Shown(HTMLParser):
    """Collects what a browser shows or speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += [value or "" for name, value in attrs if name in SHOWN_ATTRIBUTES]


def unmarked_text(path: Path) -> list[str]:
    shown = Shown()
    shown.feed("".join(token.contents if token.token_type == TokenType.TEXT else " " for token in tokens_outside(path)))
    return [words.strip() for words in shown.words if WORD.search(NAMES.sub("", words))]


def unmarked_literals(path: Path) -> list[str]:
    """Sentences handed to tags and filters as they are."""
    held = [token.contents for token in tokens_outside(path) if token.token_type in (TokenType.BLOCK, TokenType.VAR)]
    plain = [contents for contents in held if contents.split(" ")[0] not in ("trans", "translate")]
    return [text for contents in plain for text in LITERAL.findall(contents) if SEVERAL_WORDS.search(text)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_shows_words_that_are_not_marked(path: Path) -> None:
    assert unmarked_text(path) == []
    assert unmarked_literals(path) == []


def literal(node: ast.expr | None) -> str:
    """The text of a literal or of an f-string; "" for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )
    return ""


def unmarked_arguments(path: Path) -> Iterator[str]:
    """Words for people among the arguments of calls: labels, hints, messages, errors of forms."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [word.value for word in node.keywords if word.arg in ("label", "help_text", "empty_label")]
        if getattr(getattr(node.func, "value", None), "id", "") == "messages":
            given += node.args[1:2]
        elif name in ("ValidationError", "add_error"):
            given += node.args
        yield from (text for text in map(literal, given) if SEVERAL_WORDS.search(text))


def test_no_label_or_message_in_python_is_left_unmarked() -> None:
    # The API's OpenAPI text is English alone, as docs/ is: one text is reviewed.
    shown = [path for path in SOURCES if path.parent.name != "api"]
    assert {path.name: found for path in shown if (found := list(unmarked_arguments(path)))} == {}


# --- What Django makes of it --------------------------------------------------------------------------------------


def test_django_reads_the_catalogue() -> None:
    with translation.override("zh-hans"):
        assert _("Sign in") == "登录"
        assert pgettext("status", "In review") == "审批中"
        assert ngettext("1 cluster", "%(count)s clusters", 1) == "%(count)s 个集群"
        assert ngettext("1 cluster", "%(count)s clusters", 2) == "%(count)s 个集群"


@pytest.mark.parametrize("asked", ["zh-CN,zh;q=0.9", "zh-Hans-CN", "zh"])
@pytest.mark.django_db
def test_a_chinese_browser_gets_chinese(client: Client, asked: str) -> None:
    page = client.get("/sign-in/", headers={"accept-language": asked}).content.decode()
    assert '<html lang="zh-hans"' in page
    assert "登录" in page


@pytest.mark.django_db
def test_the_switch_changes_the_language_and_stays_on_the_page(client: Client) -> None:
    answer = client.post("/language/", {"language": "zh-hans", "next": "/sign-in/"})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert "密码" in client.get("/sign-in/").content.decode()
    client.post("/language/", {"language": "en", "next": "/sign-in/"})
    assert "Password" in client.get("/sign-in/").content.decode()
