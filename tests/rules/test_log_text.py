"""Attempts of a subtask's log, told apart by OCP's own heads."""

from pathlib import Path

from upgrades.rules import log_text, terminal

HEAD = "############{%s}{2021-08-25T15:09:32.697+08:00}############"


def test_ocps_documented_log_is_one_attempt():
    payload = Path(__file__).parent.parent / "payloads" / "subtask-log.json"
    text = payload.read_text(encoding="utf-8").split('"log": "', 1)[1].encode().decode("unicode_escape")
    (part,) = log_text.parts(terminal.lines(text))
    assert (part.number, part.operation, part.begun, part.first) == (1, "EXECUTE", "2021-08-25T15:09:32.697+08:00", 0)


def test_each_head_begins_an_attempt():
    lines = [HEAD % "EXECUTE", "one", HEAD % "RETRY", "two", "three"]
    found = log_text.parts(lines)
    assert [(part.number, part.operation, part.first, part.end) for part in found] == [
        (1, "EXECUTE", 0, 2),
        (2, "RETRY", 2, 5),
    ]


def test_what_stands_before_the_first_head_is_an_attempt_whose_head_was_cut():
    first, second = log_text.parts(["the end of something", HEAD % "RETRY", "two"])
    assert (first.operation, first.begun, first.first, first.end) == ("", "", 0, 1)
    assert second.operation == "RETRY"


def test_a_log_without_heads_is_one_text():
    assert log_text.parts(["############{}{}############", "a", "<b>"]) == []
    assert log_text.parts([]) == []


def test_a_log_full_of_heads_is_bounded_and_loses_no_line():
    found = log_text.parts([HEAD % "EXECUTE"] * 500)
    assert len(found) == 51
    assert (found[0].first, found[-1].end) == (0, 500)
