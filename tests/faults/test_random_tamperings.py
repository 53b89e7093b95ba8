"""R16: the audit trail is tampered with at random, one to three ways at once; each time the check tells something."""

from random import Random

import pytest

from tests.faults import lengths, record
from tests.faults.tamperings import tamper, trail
from tests.services.test_tampering import found, kept, undone
from upgrades.rules import seals

__all__ = ["kept"]

pytestmark = pytest.mark.timeout(3600)

# Far fewer than full length: each kind of act is met within some.
SHOWN = 100


def unnoticed(seed: int, former: list[str], *heads: seals.Head) -> tuple[bool, str]:
    """Play one seed, and undo it: whether the trail is another one then, and what is wrong with the check of it."""
    with undone():
        done = tamper(Random(seed))  # noqa: S311 (a seed to repeat, no secret)
        is_changed, told = trail() != former, found(*heads)
    if is_changed == bool(told):
        return is_changed, ""
    return is_changed, f"seed {seed}: {done}: " + ("nothing was told" if is_changed else f"told for nothing: {told}")


def test_whatever_is_tampered_with_at_random_is_told(kept: seals.Head) -> None:
    seeds, wrong, former = lengths.seeds(short=20, push=200, full=2100), [], trail()
    about = "the audit trail changed by whoever rules the database, one to three ways at once"
    with record.kept("R16", about, seeds=seeds) as part:
        for seed in seeds:
            is_changed, trouble = unnoticed(seed, former, kept)
            part.count += is_changed
            wrong += [trouble] if trouble else []
        part.violations = len(wrong)
    assert wrong == []
    assert trail() == former


def test_the_same_seeds_show_a_check_that_has_no_head_kept_elsewhere(kept: seals.Head) -> None:
    former = trail()
    assert any(unnoticed(seed, former)[1] for seed in range(SHOWN))
