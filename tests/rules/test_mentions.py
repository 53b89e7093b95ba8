"""Whom a comment calls: names as people write them, and the text in parts."""

import pytest

from upgrades.rules.mentions import MOST, Part, called, candidates, split

KNOWN = {"amir", "bea", "bea.lu", "li@ob.cn"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@amir look", ("amir",)),
        ("look,@amir", ("amir",)),
        ("@bea and @amir, @bea", ("bea", "amir")),
        ("@li@ob.cn", ("li@ob.cn",)),
        ("amir@ob.cn", ()),
        ("https://x/@amir", ()),
        ("@", ()),
    ],
)
def test_names_are_called_by_an_at_that_no_word_precedes(text, names):
    assert called(text) == names


def test_the_first_twenty_are_called():
    text = " ".join(f"@p{number}" for number in range(30))
    assert called(text) == tuple(f"p{number}" for number in range(MOST))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("amir", ("amir",)),
        ("amir.", ("amir.", "amir")),
        ("amir请看", ("amir请看", "amir")),
        ("amir.请看", ("amir.请看", "amir")),
        ("李雷", ("李雷",)),
        ("...", ("...",)),
    ],
)
def test_a_name_may_end_before_what_follows_it(name, meant):
    assert candidates(name) == meant


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("Nobody.", (Part("Nobody."),)),
        ("@amir", (Part("@amir", "amir"),)),
        ("@amir, look", (Part("@amir", "amir"), Part(", look"))),
        ("See @bea.lu.", (Part("See "), Part("@bea.lu", "bea.lu"), Part("."))),
        ("@carl and @bea.", (Part("@carl and "), Part("@bea", "bea"), Part("."))),
        ("请@amir看", (Part("请@amir看"),)),
        ("请 @amir看", (Part("请 "), Part("@amir", "amir"), Part("看"))),
        ("@amir @bea", (Part("@amir", "amir"), Part(" "), Part("@bea", "bea"))),
    ],
)
def test_a_text_is_split_at_the_names_of_people(text, parts):
    assert split(text, KNOWN) == parts
    assert "".join(part.text for part in parts) == text
