"""Which files are taken, under which name: by name and content alike."""

import pytest

from upgrades.rules import Reason
from upgrades.rules.attachments import CONTENT_TYPES, KINDS, LONGEST_NAME, MOST_BYTES, clean_name, judge

PNG = b"\x89PNG\r\n\x1a\n...."


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("batch.log", "batch.log"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\olga\\plan.pdf", "plan.pdf"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\x00b\r\nSet-Cookie: x.txt", "abSet-Cookie x.txt"),
        (".hidden.txt", "hidden.txt"),
        ("  ", "file"),
        ("..", "file"),
        ("批次 时间.csv", "批次 时间.csv"),
        ('a"b<c>.txt', "abc.txt"),
    ],
)
def test_a_name_is_cleaned_of_paths_and_of_what_turns_or_hides_it(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_long_name_keeps_its_ending() -> None:
    short = clean_name("x" * 500 + ".log")
    assert len(short) == LONGEST_NAME
    assert short.endswith(".log")
    assert len(clean_name("x." + "y" * 500)) <= LONGEST_NAME


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", "02:00 完成\n".encode(), "text"),
        ("a.LOG", b"\x1b[31mred\x1b[0m\tx\r\n", "text"),
        ("a.csv", b"\xef\xbb\xbfa,b\n", "csv"),
        ("a.json", b'{"a": [1]}', "json"),
        ("a.yml", b"- version: 4.2.1.8", "yaml"),
        ("a.pdf", b"%PDF-1.7 ...", "pdf"),
        ("a.png", PNG, "png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "jpeg"),
        ("a.zip", b"PK\x03\x04", "zip"),
    ],
)
def test_what_is_what_it_says_is_taken(name: str, content: bytes, kind: str) -> None:
    assert judge(name, content) == kind


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.txt", b"", "attachment.empty"),
        ("a.txt", b"x" * (MOST_BYTES + 1), "attachment.too_large"),
        ("a.html", b"<script>", "attachment.type_unknown"),
        ("a.svg", b"<svg>", "attachment.type_unknown"),
        ("a", b"x", "attachment.type_unknown"),
        ("png", PNG, "attachment.type_unknown"),
        ("a.png.exe", PNG, "attachment.type_unknown"),
        ("a.png", b"MZ\x90", "attachment.other_content"),
        ("a.txt", PNG, "attachment.other_content"),
        ("a.txt", b"a\x00b", "attachment.other_content"),
        ("a.log", b"\xff\xfea\x00", "attachment.other_content"),
        ("a.json", b"{", "attachment.other_content"),
        ("a.json", b"[" * 100_000, "attachment.other_content"),
        ("a.pdf", b"<html>%PDF-", "attachment.other_content"),
    ],
)
def test_what_is_not_what_it_says_is_refused(name: str, content: bytes, code: str) -> None:
    found = judge(name, content)
    assert isinstance(found, Reason)
    assert found.code == code


def test_the_largest_file_is_taken_and_a_larger_one_told_the_limit_in_megabytes() -> None:
    assert judge("a.txt", b"x" * MOST_BYTES) == "text"
    found = judge("a.txt", b"x" * (MOST_BYTES + 1))
    assert isinstance(found, Reason)
    assert found.params == {"limit": MOST_BYTES / 2**20}


def test_every_kind_has_a_content_type_that_no_browser_runs() -> None:
    assert set(KINDS.values()) == set(CONTENT_TYPES)
    assert not [kind for kind in CONTENT_TYPES.values() if "html" in kind or "svg" in kind or "script" in kind]
