"""R11, the soak: runs without end at an OCP of whose answers a fifth are spoilt; nothing of the product's may grow.

A look-alike each round, two runs at it, pages read meanwhile. After the warm-up, a third of the time, what each
process holds is measured: memory, descriptors, connections. SOAK_HOURS=8 FAULTS=full soaks longer.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median

import psutil
import psycopg
import pytest
import requests
from django.test import Client

from ocpdash import embedded
from ocpdash.processes import wait_until
from tests.faults import checker, lengths, record
from tests.faults.ground import Crew, Services
from tests.faults.stories import Story, judge
from tests.scenes import Cast, control
from upgrades.models import User
from upgrades.selectors import database_now

pytestmark = pytest.mark.timeout(10 * 3600)

SECONDS = {"short": 0.0, "push": 300.0, "full": float(os.environ.get("SOAK_HOURS", "0.5")) * 3600}
SAMPLE_SECONDS, JUDGE_SECONDS = 5.0, 60.0
# No more look-alikes than this, however long it lasts.
ROUNDS_AT_MOST = 200
MOST_GROWTH = 1.05
# What comes and goes with the work at hand: threads' connections to PostgreSQL, Redis and OCP.
MOST_MORE = 12
SPOILT = ("status", "drop", "cut", "reset", "blank", "broken_utf_8", "delay")
ANSWERS = ("plain", "plain", "plain", "plain", "lost")
PROGRAMS = ("web", "tick", "follow", "beat")


@dataclass
class Samples:
    """What was measured, oldest first: bytes by process; descriptors and connections by name."""

    memory: dict[str, list[int]] = field(default_factory=dict)
    handles: dict[str, list[int]] = field(default_factory=dict)

    def take(self, services: Services, crew: Crew) -> None:
        for name in PROGRAMS:
            process = psutil.Process(crew.pids[name])
            self.memory.setdefault(name, []).append(process.memory_info().rss)
            self.handles.setdefault(f"descriptors of {name}", []).append(process.num_fds())
        with psycopg.connect(services.superuser_url) as superuser:
            query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
            found = superuser.execute(query, [embedded.APPLICATION]).fetchone()
        assert found is not None
        self.handles.setdefault("connections of PostgreSQL", []).append(found[0])
        with services.redis as client:
            self.handles.setdefault("connections of Redis", []).append(len(client.client_list()))

    def grown(self) -> list[str]:
        """What is more at the end than after the warm-up, in words."""
        found = []
        for name, values in self.memory.items():
            first, last = ends(values)
            if last > first * MOST_GROWTH:
                found.append(f"{name} holds {last / first - 1:.1%} more memory, {last / 2**20:.0f} MB")
        for name, values in self.handles.items():
            first, last = ends(values)
            if last > first + MOST_MORE:
                found.append(f"{name}: {first} and then {last}")
        return found

    def told(self) -> str:
        """Memory by process, after the warm-up and at the end."""
        shown = {name: ends(values) for name, values in self.memory.items()}
        return ", ".join(f"{name} {a / 2**20:.0f} -> {b / 2**20:.0f} MB" for name, (a, b) in shown.items())


def ends(values: list[int]) -> tuple[float, float]:
    """The medians of the sixth after the warm-up and of the last sixth."""
    sixth = max(1, len(values) // 6)
    return median(values[2 * sixth : 3 * sixth] or values), median(values[-sixth:])


def test_samples_that_grow_are_told() -> None:
    flat, rising = [100 << 20] * 30, [number << 20 for number in range(100, 130)]
    assert Samples({"web": flat}, {"connections": [9] * 30}).grown() == []
    assert len(Samples({"web": rising}, {"connections": [*range(0, 90, 3)]}).grown()) == 2


@lengths.longer
def test_nothing_grows_while_runs_go_on_for_long(own_services: Services) -> None:
    samples, about = Samples(), "runs at an OCP of whose answers a fifth were spoilt"
    with (
        record.kept("R11", about, seeds=range(1)) as part,
        own_services.turned(),
        Crew(own_services, PROGRAMS) as crew,
    ):
        pids = dict(crew.pids)
        with soaked(own_services, part) as soak:
            found = soak.last(crew, samples, SECONDS[lengths.length()])
        ended = [name for name in PROGRAMS if crew.pids[name] != pids[name]]
        part.about = f"{about}, {soak.struck} in all; {samples.told()}"
        grown = samples.grown()
        part.violations = len(found) + len(grown) + len(ended)
    assert found == []
    assert grown == []
    assert ended == []
    assert soak.struck > part.count


class Soak:
    """Story after story."""

    def __init__(self, services: Services, part: record.Part) -> None:
        self.services = services
        self.part = part
        self.cast = Cast()
        self.stories: list[Story] = []
        self.random = random.Random(0)  # noqa: S311 (to repeat it)
        self.struck = 0
        self._client = Client()
        self._client.force_login(User.objects.get(username="olga"))

    def last(self, crew: Crew, samples: Samples, seconds: float) -> list[checker.Violation]:
        """Go on for so long; what the checker found on the way and at the end."""
        ends_at = time.monotonic() + seconds
        judged_at, found = time.monotonic(), []
        while time.monotonic() < ends_at:
            began_at, round_ends_at = database_now(), time.monotonic() + max(10.0, seconds / ROUNDS_AT_MOST)
            story = self._begin()
            while time.monotonic() < round_ends_at or not story.is_settled(began_at):
                wait_until(lambda: False, SAMPLE_SECONDS)
                self._read(crew, story)
                samples.take(self.services, crew)
                if time.monotonic() > ends_at + 60:
                    break
            self.struck += sum(fault["struck"] for fault in story.look_alike.faults.shapes())
            story.look_alike.faults.clear()
            story.end()
            if time.monotonic() > judged_at + JUDGE_SECONDS:
                found += judge(self.services.superuser_url, self.stories)
                judged_at = time.monotonic()
        return found + judge(self.services.superuser_url, self.stories)

    def _begin(self) -> Story:
        story = Story(len(self.stories), self.cast)
        self.stories.append(story)
        for number in range(2):
            control(story.look_alike, "POST", "/answer", mode=self.random.choice(ANSWERS))  # type: ignore[arg-type]
            story.start(number)
            self.part.count += 1
        # Each request counts for all of them: of five the fifth is struck.
        for number in range(1, 400):
            action = self.random.choice(SPOILT)
            story.look_alike.faults.add(
                action, method="GET", path="/api/", count=1, skip=4 * number, seconds=0.3, status=502
            )
        return story

    def _read(self, crew: Crew, story: Story) -> None:
        """Pages as somebody who looks has them read."""
        session = {"sessionid": self._client.cookies["sessionid"].value}
        for path in ("/", "/clusters/", "/runs/", f"/runs/{story.requests[0].pk}/"):
            with suppress(requests.ConnectionError):
                answer = requests.get(crew.url + path, cookies=session, timeout=20)
                assert answer.status_code in (200, 404), (path, answer.status_code)


@contextmanager
def soaked(services: Services, part: record.Part) -> Iterator[Soak]:
    """Empty ground and its people, whose starts `part` counts; every look-alike is closed at the end."""
    services.empty()
    soak = Soak(services, part)
    try:
        yield soak
    finally:
        for story in soak.stories:
            story.close()
