"""How templates write states, times, lengths, sizes and names."""

import datetime as dt

import pytest
from django.utils import timezone, translation

from upgrades.templatetags import ocpdash as tags


def test_unknown_word_of_ocp_is_shown_as_it_is() -> None:
    assert tags.subtask_status("EXPLODED") == "unknown"
    assert tags.subtask_status("SUCCESSFUL", "SKIP") == "skipped"
    assert tags.subtask_badge("SUCCESSFUL", "SKIP")["word"] == "SUCCESSFUL by SKIP"
    assert tags.badge("exploded") == {"status": "unknown", "word": "exploded", "size": ""}


def test_times_carry_their_zone_in_both_languages() -> None:
    at = dt.datetime(2026, 11, 20, 17, 0, 5, 42000, tzinfo=dt.UTC)
    with timezone.override("Asia/Shanghai"):
        assert tags.time_text(at) == "Sat 21 Nov 2026, 01:00 +08"
        assert tags.time_text(at, "milliseconds") == "Sat 21 Nov 2026, 01:00:05.042 +08"
        assert tags.time_text(at, "clock") == "01:00:05 +08"
        with translation.override("zh-hans"):
            assert tags.time_text(at) == "2026-11-21 01:00 +08"
    assert tags.time_text(at, "clock") == "17:00:05 +00"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(4, "0:04"), (171, "2:51"), (3980, "1:06:20"), (None, "not known"), (-3, "0:00")]
)
def test_lengths_read_as_on_an_instrument(seconds: int | None, shown: str) -> None:
    assert tags.elapsed(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0 B"), (999, "999 B"), (4100, "4.1 kB"), (218334455, "218 MB"), (1_240_000_000, "1.2 GB")],
)
def test_sizes_have_a_unit_and_few_digits(amount: int, shown: str) -> None:
    assert tags.size(amount) == shown


def test_names_shrink_to_their_letters() -> None:
    assert [tags.initials(name) for name in ("Wang Lei", "wang.lei", "林悦", "")] == ["WL", "WL", "林", "?"]
