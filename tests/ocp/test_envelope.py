"""Around an answer's data: how many parts it may have, and whose clock is wrong where a signature is refused."""

import pytest

from upgrades.ocp import envelope
from upgrades.ocp.errors import ClockDiffers, Forbidden, Unauthorized
from upgrades.ocp.fields import Malformed

SIGNED = "Mon, 30 Nov 2026 12:00:00 GMT"
CAP = envelope._CONTAINER_CAP


def refused(status=401, answered=None, signed=SIGNED):
    headers = {} if answered is None else {"Date": answered}
    return envelope.error_of(status, b"{}", headers, lambda text: text, signed)


@pytest.mark.parametrize("part", [b"[],", b"{},"])
def test_an_answer_of_too_many_parts_is_not_even_read(part):
    inner = part * (CAP - 1)
    assert len(envelope.load(b"[" + inner + b"1]")) == CAP
    with pytest.raises(Malformed, match="too many parts"):
        envelope.load(b"[" + inner + part + b"1]")


@pytest.mark.parametrize(
    ("answered", "seconds"),
    [
        ("Mon, 30 Nov 2026 12:15:00 GMT", 900),
        ("Mon, 30 Nov 2026 11:45:00 GMT", -900),
        ("Mon, 30 Nov 2026 13:00:00 GMT", 3600),
    ],
)
def test_a_signature_refused_by_another_clock_is_told_with_the_seconds_between(answered, seconds):
    error = refused(answered=answered)
    assert (type(error), error.seconds, error.http_status) == (ClockDiffers, seconds, 401)


@pytest.mark.parametrize(
    "over",
    [
        {"answered": "Mon, 30 Nov 2026 12:14:59 GMT"},
        {"answered": "Mon, 30 Nov 2026 11:45:01 GMT"},
        {"answered": None},
        {"answered": ""},
        {"answered": "half past nine"},
        {"answered": "Mon, 30 Nov 2026 13:00:00 GMT", "signed": None},
    ],
)
def test_a_refusal_by_the_same_clock_or_by_none_is_plain(over):
    assert type(refused(**over)) is Unauthorized


def test_another_clock_explains_no_other_refusal():
    assert type(refused(403, "Mon, 30 Nov 2026 13:00:00 GMT")) is Forbidden
