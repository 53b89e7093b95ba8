"""Tickets, and the names that a comment calls."""

import pytest

from upgrades.rules import Reason, contents, mentions


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  OPS-4417 ", "OPS-4417"),
        ("#2291", "#2291"),
        ("https://tickets.example/browse/OPS-4417?a=b#c", "https://tickets.example/browse/OPS-4417?a=b#c"),
        ("HTTP://10.0.0.1:8080/x", "http://10.0.0.1:8080/x"),
        ("https://[::1]/x", "https://[::1]/x"),
    ],
)
def test_a_ticket_is_an_address_or_a_number(typed: str, kept: str) -> None:
    assert contents.ticket(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)", "data:text/html,x", "ftp://a/b", "//evil.example/x", "two words", "https://", "https:///x",
        "https://intranet@evil.example/", "https://u:p@a/", "https://a/ b", "https://a\u202e/", "https://a:99999/",
        "https://[::1/", "https://a\\@b/", "x" * 501, "<b>", "https://例え.example/",
    ],
)  # fmt: skip
def test_nothing_else_is_a_ticket(typed: str) -> None:
    found = contents.ticket(typed)
    assert isinstance(found, Reason)
    assert found.code.startswith("ticket.")


def test_the_longest_ticket_is_taken_and_a_longer_one_called_too_long() -> None:
    longest = "https://a/".ljust(contents.LONGEST_TICKET, "x")
    assert contents.ticket(longest) == longest
    found = contents.ticket(f"{longest}x")
    assert isinstance(found, Reason)
    assert found.code == "ticket.too_long"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@amir, and @bea.k. Not @amir again", ("amir", "bea.k.")),
        ("mail amir@example.com or see https://git.example/@amir", ()),
        ("(@amir)", ("amir",)),
        ("@olga@corp.example", ("olga@corp.example",)),
        ("@ nobody @@amir", ()),
        ("@王磊：请看", ("王磊",)),
    ],
)
def test_names_are_called_by_an_at_sign_of_their_own(text: str, names: tuple[str, ...]) -> None:
    assert mentions.called(text) == names


def test_a_text_is_split_at_known_names_and_nothing_of_it_is_lost() -> None:
    text = "@bea.k. and @amir.\n@nobody@amir请看"
    parts = mentions.split(text, {"bea.k", "amir"})
    assert [(part.text, part.username) for part in parts] == [
        ("@bea.k", "bea.k"), (". and ", ""), ("@amir", "amir"), (".\n@nobody@amir请看", ""),
    ]  # fmt: skip
    assert "".join(part.text for part in parts) == text
    assert mentions.split("@amir请看", {"amir"})[0] == mentions.Part("@amir", "amir")
