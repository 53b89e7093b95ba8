"""Names and versions that people know: read from the right, put in order. One line each."""

import pytest

from upgrades.rules.versions import parse_file_name, version_key


@pytest.mark.parametrize(
    ("text", "name", "version", "build"),
    [
        ("oceanbase-3-4.2.1.8-1.el7.x86_64.rpm", "oceanbase-3", "4.2.1.8", "1"),
        ("oceanbase-ce-libs-4.2.1.8-1.el8.aarch64.rpm", "oceanbase-ce-libs", "4.2.1.8", "1"),
        ("t-oceanbase-ocp-agent-2.4.0-1884049.alios7.x86_64.rpm", "t-oceanbase-ocp-agent", "2.4.0", "1884049"),
        ("a-1-2-3.4.5-6.el7.x86_64.rpm", "a-1-2", "3.4.5", "6"),
        ("oceanbase-4.2.1.8-00000000000000000001.el7.x86_64.rpm", "oceanbase", "4.2.1.8", "0" * 19 + "1"),
        ("oceanbase--4.2.1.8-1.el7.x86_64.rpm", "oceanbase-", "4.2.1.8", "1"),
        ("oceanbase-004.2.1.8-1.el7.x86_64.rpm", "oceanbase", "004.2.1.8", "1"),
    ],
)
def test_odd_names_are_read_from_the_right(text: str, name: str, version: str, build: str) -> None:
    found = parse_file_name(text)
    assert (found.name, found.version, found.build) == (name, version, build)


@pytest.mark.parametrize(
    "text",
    [
        "4.2.1.8-1.el7.x86_64.rpm",
        "-4.2.1.8-1.el7.x86_64.rpm",
        "oceanbase-4.2.1.8-1-4.2.1.9-2.el7.x86_64.rpm",
        "oceanbase-4.2.1.8.9-1.el7.x86_64.rpm",
        "oceanbase-4.2.1.8-1.x86_64.rpm",
        "oceanbase-4.2.1.8-1.el7.i386.rpm",
        "oceanbase-4.2.1.8-1.el7.x86_64.RPM",
        "oceanbase-4.2.1.8-1.el7.x86_64.rpm.sig",
        " oceanbase-4.2.1.8-1.el7.x86_64.rpm",
        "oceanbase-4.2.1.8-1.el7.x86_64.rpm\x00",
        "oceanbase-4.2.1.8-1.\u202eel7.x86_64.rpm",
        "oceanbase-4.2.1.8-" + "1" * 21 + ".el7.x86_64.rpm",
        "oceanbase_4.2.1.8-1.el7.x86_64.rpm",
        "océanbase-4.2.1.8-1.el7.x86_64.rpm",
    ],
)
def test_texts_that_are_no_name_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not the file name"):
        parse_file_name(text)


ORDERED = [
    ("1.4.79", "9"),
    ("2.1.31", ""),
    ("2.2.1", "1"),
    ("2.2.9", "1"),
    ("2.2.50", "1"),
    ("2.2.77", "9"),
    ("2.2.77", "10"),
    ("2.2.77", "20210219154519"),
    ("3.1.0", "1"),
    ("3.1.2", ""),
    ("3.1.2", "0"),
    ("3.1.2.1", ""),
    ("4.0.0.0", "1"),
    ("4.1.0.0", "100000192023032010"),
    ("4.1.0.0", "100000202023040520"),
    ("4.2.1.2", "1"),
    ("4.2.1.9", "1"),
    ("4.2.1.10", "1"),
    ("4.2.10.0", "1"),
    ("4.10.0.0", "1"),
    ("10.0.0", ""),
]


def test_versions_stand_in_the_known_order() -> None:
    by_text = sorted(ORDERED)
    assert by_text != ORDERED
    assert sorted(by_text, key=lambda pair: version_key(*pair)) == ORDERED
