"""Redis and PostgreSQL struck under load: nothing is lost, nothing is doubled, and it goes on by itself in a minute."""

import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.faults import lengths, record
from tests.faults.ground import Crew, Services, clients_killed, wiped
from tests.faults.stories import Story, comes_true, told
from upgrades.selectors import database_now

pytestmark = pytest.mark.timeout(3600)

# A start whose worker lost the database before its intent is taken up again when its claim has run out, after 45 s.
RESUMED_SECONDS = {"R2": 60.0, "R3": 120.0}
LONGEST_SECONDS = 150.0
Strike = Callable[[Services], None]

REDIS: tuple[Strike, ...] = (
    wiped,
    lambda services: services.kill_redis(signal.SIGTERM),
    clients_killed,
    lambda services: services.kill_redis(signal.SIGKILL),
)
DATABASE: tuple[Strike, ...] = (Services.kill_database, Services.cut_database)


@pytest.mark.parametrize(
    ("fault", "about", "strikes", "counts"),
    [
        ("R2", "Redis stopped, killed, wiped, its clients cut", REDIS, (1, 10, 200)),
        ("R3", "PostgreSQL stopped at once, its connections cut", DATABASE, (0, 5, 100)),
    ],
    ids=["redis", "database"],
)
def test_nothing_is_lost_where_a_service_is_struck(
    fault: str, about: str, strikes: tuple[Strike, ...], counts: tuple[int, int, int], crew: Crew
) -> None:
    services, seeds = crew.services, lengths.seeds(*counts)
    took: list[float] = []
    with record.kept(fault, about, seeds=seeds) as part, services.turned():

        def play(story: Story, seed: int) -> None:
            part.count += 1
            took.append(_strike(story, services, strikes[seed % len(strikes)]))

        found = told(services, seeds, play)
        late = sum(seconds > RESUMED_SECONDS[fault] for seconds in took)
        part.violations = len(found) + late
    print(f"all done {max(took):.1f} s after it at most")
    assert found == []
    assert not late, took


def _strike(story: Story, services: Services, strike: Strike) -> float:
    """Strike while one run is under way and another is being started; seconds until both had ended well."""
    assert story.goes(0, LONGEST_SECONDS)
    story.start(1)
    threading.Event().wait(story.random.uniform(0, 1.5))
    strike(services)
    struck, at = time.monotonic(), database_now()
    assert comes_true(lambda: story.is_settled(at), LONGEST_SECONDS), [story.status(0), story.status(1)]
    return time.monotonic() - struck
