"""The checker: reads what the product cannot bend, and decides the invariants I1 to I7. Imports nothing of upgrades.*

I1 one POST at most for an approval. I2 none without a live, sufficient approval of exactly what is sent.
I3 one open run at most on a cluster. I4 every intent ends somewhere, none is forgotten.
I5 final stays final, every move is legal. I6 each change has its audit row and each audit row its change.
I7 audit rows are never changed or removed.

    found = checker.violations(checker.read(database_url, [look_alike]), is_settled=True)
    assert found == []
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain

from tests.faults import checked_clusters, checked_ends, checked_moves, checked_posts, checked_seals
from tests.faults.records import Records, read
from tests.faults.violation import Violation

__all__ = ["Records", "Violation", "read", "violations"]

# The database's clock and the look-alike's are one machine's: more only where a test bends one of them.
NO_SKEW = timedelta(milliseconds=50)


def violations(
    records: Records, *, is_settled: bool, earlier: Records | None = None, skew: timedelta = NO_SKEW
) -> list[Violation]:
    """Everything that should never be, each once.

    is_settled: every tick has come that could still move something, so nothing may hang. earlier: a reading from
    before, of which audit rows and intents must still stand. skew: by how much a POST may seem to come before its
    intent.
    """
    found: list[Iterable[Violation]] = [
        checked_posts.posts(records, skew),
        checked_posts.approvals(records),
        checked_clusters.clusters(records),
        checked_ends.tasks(records, skew),
        checked_ends.acts(records),
        checked_moves.moves(records),
        checked_moves.details(records),
        checked_seals.seals(records),
    ]
    if is_settled:
        found.append(checked_ends.settled(records, skew))
    if earlier is not None:
        found.append(checked_seals.since(earlier, records))
    return list(dict.fromkeys(chain.from_iterable(found)))
