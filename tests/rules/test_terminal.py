"""A log written for a terminal, or against its reader, is plain text on a page."""

import time

import pytest

from upgrades.rules import terminal

ESC = "\x1b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{ESC}[1;31mred{ESC}[0m", "red"),
        (f"{ESC}[?25l{ESC}[2J{ESC}[10;20Hhere", "here"),
        ("\x9b31mred", "red"),
        (f"{ESC}]0;title\x07text", "text"),
        (f"{ESC}]8;;https://evil.example{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}P1;2q pixels {ESC}\\after", "after"),
        ("\x9dtitle\x9cafter", "after"),
        (f"{ESC}(B{ESC}=plain{ESC}M", "plain"),
        ("a\tb", "a\tb"),
        ("中文 日志 ✓", "中文 日志 ✓"),
    ],
)
def test_codes_of_a_terminal_are_taken_away(text, shown):
    assert terminal.plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"end{ESC}", "end\\u001b"),
        (f"{ESC}]0;FAILED never ends", "\\u001b]0;FAILED never ends"),
        (f"{ESC}[31", "\\u001b[31"),
        ("bell\x07 back\x08 nul\x00 del\x7f", "bell\\u0007 back\\u0008 nul\\u0000 del\\u007f"),
        ("a\u202egpj.exe\u2066\u200b", "a\\u202egpj.exe\\u2066\\u200b"),
        ("a\u2028b\x85c\x0bd", "a\\u2028b\\u0085c\\u000bd"),
        (f"{ESC}{ESC}[31mred", "\\u001bred"),
    ],
)
def test_what_would_hide_or_turn_text_is_shown_as_its_number(text, shown):
    assert terminal.plain(text) == shown


def test_markup_is_left_for_whoever_shows_it_to_escape():
    assert terminal.plain("<script>alert(1)</script>&") == "<script>alert(1)</script>&"


def test_a_code_inside_a_code_leaves_none_behind():
    assert ESC not in terminal.plain(f"{ESC}[{ESC}[31m31mred")


def test_a_carriage_return_cannot_write_over_what_stands_before_it():
    assert terminal.lines("FAILED\rSUCCESSFUL\r\nnext\n\nlast\n") == ["FAILED", "SUCCESSFUL", "next", "", "last"]
    assert terminal.lines("") == []
    assert terminal.lines("no end") == ["no end"]


@pytest.mark.parametrize("piece", [f"{ESC}]", f"{ESC}[1;", f"{ESC}P", "\x9d;", f"{ESC} ", "\u202e"])
def test_a_hostile_line_costs_no_more_than_a_long_one(piece):
    begun = time.process_time()
    terminal.plain(piece * 60_000)
    assert time.process_time() - begun < 2
