"""What OCP says of the requests that it still takes."""

import pytest

from upgrades.ocp import limits


@pytest.mark.parametrize(
    ("remaining", "reset", "is_used_up"), [(0, 1, True), (0, 0, False), (1, 60, False), (0, 60, True)]
)
def test_a_quota_is_used_up_while_none_is_left_and_the_count_has_not_begun_anew(remaining, reset, is_used_up):
    assert limits.RateLimit(None, remaining, reset).is_used_up == is_used_up


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 9, 10**9 - 1),
        ("9" * 10, None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_a_number_of_a_header_has_nine_digits_at_most(text, number):
    assert limits.digits(text) == number


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"RateLimit-Remaining": "3", "RateLimit-Reset": "60"}, limits.RateLimit(None, 3, 60)),
        (
            {"RateLimit-Remaining": "3", "RateLimit-Reset": "60", "RateLimit-Limit": "100"},
            limits.RateLimit(100, 3, 60),
        ),
        ({"RateLimit-Remaining": "3"}, None),
        ({"RateLimit-Reset": "60"}, None),
        ({"RateLimit-Remaining": "many", "RateLimit-Reset": "60"}, None),
    ],
)
def test_a_quota_is_told_where_both_of_its_numbers_are(headers, found):
    assert limits.of_headers(headers) == found
