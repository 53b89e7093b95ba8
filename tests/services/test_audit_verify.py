"""`manage.py audit_verify`: what it prints, its exit code, and heads that were kept elsewhere."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from upgrades import audit, selectors
from upgrades.models import ChainState
from upgrades.rules import seals
from upgrades.services import sealing

pytestmark = pytest.mark.django_db


def verify(*arguments: str) -> str:
    """What it prints. Raises CommandError, exit code 1, where anything was found."""
    printed = io.StringIO()
    try:
        call_command("audit_verify", *arguments, stdout=printed)
    except CommandError as error:
        error.args = (f"{printed.getvalue()}{error}",)
        raise
    return printed.getvalue()


@pytest.fixture
def head() -> seals.Head:
    for _number in range(3):
        audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    return selectors.head_of_chain()


def test_it_prints_the_head_that_is_to_be_kept_elsewhere_and_takes_it_later(head: seals.Head) -> None:
    printed = verify()
    assert f"Head: {head}\n" in printed
    audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    assert "as it was sealed: 4 seals" in verify("--head", str(head))
    assert ChainState.objects.get().checked_seq == 4


def test_another_head_or_one_beyond_the_end_is_told_and_fails(head: seals.Head) -> None:
    with pytest.raises(CommandError, match=r"seal\.head_differs: Seal 3 has another hash(.|\n)*1 findings") as raised:
        verify("--head", f"3:{'0' * 64}")
    assert raised.value.returncode == 1
    with pytest.raises(CommandError, match=r"seal\.tail_cut: The chain ends at seal 3, but reached seal 9"):
        verify("--head", str(head), "--head", f"9:{'a' * 64}")
    assert [found["code"] for found in ChainState.objects.get().findings] == ["seal.tail_cut"]


@pytest.mark.parametrize("text", ["", "7", "0:" + "a" * 64, "7:xyz", "7:" + "a" * 63])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="not SEQ:HASH"):
        verify("--head", text)


def test_an_empty_trail_is_as_it_was_sealed() -> None:
    assert f"Head: 0:{seals.GENESIS}" in verify()
