"""The network to OCP, Redis or PostgreSQL goes bad: nothing is sent twice, and all goes on when it is well again."""

import random
import threading
import time

import pytest

from tests.faults import lengths, record
from tests.faults.ground import Crew, Services
from tests.faults.proxy import DOWN, UP, Proxy, Weather
from tests.faults.stories import Story, comes_true, told
from upgrades.selectors import database_now

pytestmark = pytest.mark.timeout(3600)

RESUMED_SECONDS = 120.0
LONGEST_SECONDS = 8.0
PLACES = ("ocp", "redis", "database")


def weather_of(number: int, dice: random.Random) -> Weather:
    """One kind of bad weather; those that end an answer do so anywhere in it."""
    length = dice.choice((0, 1, 40, 200, 900))
    kinds = (
        Weather(holds=frozenset({DOWN})),
        Weather(holds=frozenset({UP})),
        Weather(holds=frozenset({UP, DOWN})),
        Weather(is_dripping=True),
        Weather(ends_after=length),
        Weather(ends_after=length, is_cut=True),
    )
    return kinds[number % len(kinds)]


@lengths.longer
def test_nothing_is_sent_twice_and_all_goes_on_after_a_partition(crew: Crew) -> None:
    services, seeds = crew.services, lengths.seeds(0, 20, 500)
    took: list[float] = []
    about = "one-way, half-open, 1 byte a second, cut, reset: to OCP, Redis, PostgreSQL"
    with record.kept("R4", about, seeds=seeds) as part, services.turned():

        def play(story: Story, seed: int) -> None:
            part.count += 1
            took.append(_part(story, services, seed))

        found = told(services, seeds, play)
        late = sum(seconds > RESUMED_SECONDS for seconds in took)
        part.violations = len(found) + late
    print(f"at rest {max(took):.1f} s after the weather had cleared up at most")
    assert found == []
    assert not late, took


def _part(story: Story, services: Services, seed: int) -> float:
    """Bad weather for some seconds somewhere between two starts; seconds until all had come to rest after it."""
    dice = story.random
    place = PLACES[seed % len(PLACES)]
    proxy: Proxy = story.proxy if place == "ocp" else services.proxies[place]
    story.start(0)
    _pass(dice.uniform(0, 2.5))
    proxy.strike(weather_of(seed // len(PLACES), dice))
    story.start(1)
    _pass(dice.uniform(1, LONGEST_SECONDS))
    proxy.clear_up(is_reset=dice.random() < 0.5)
    cleared, at = time.monotonic(), database_now()
    comes_true(lambda: story.is_settled(at), RESUMED_SECONDS + 10)
    return time.monotonic() - cleared


def _pass(seconds: float) -> None:
    """The strike comes at any moment."""
    threading.Event().wait(seconds)
