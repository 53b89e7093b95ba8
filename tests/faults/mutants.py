"""R9, mutation: python -m tests.faults.mutants [MODULE ...] [--share 0.25] [--seed 0]; each wrong must turn a test red.

A run of pytest, warm with PostgreSQL and Redis, first plays every test once and notes which functions of the product
it calls. For each mutant it then forks: the child has the wrong code put into the live function, and plays the tests
that call it until one fails: first those that found another wrong of the same function, then the quickest. What
survives is printed. Guards are played whole, others by share.
"""

import argparse
import gc
import os
import random
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper as Remembered
from functools import cache
from itertools import accumulate
from pathlib import Path
from types import FrameType, FunctionType

import pytest
from django.db import connections

from tests.faults import forks, record
from tests.faults.catalogue import GUARDS
from tests.faults.mutations import Mutant, mutants

ROOT = Path(__file__).parent.parent.parent
ROOMS = {"rules": ["tests/rules"], "ocp": ["tests/ocp"], "services": ["tests/services"]}
# As many tests as take so long together, and so many at least: of one parametrized test there may be hundreds.
SECONDS_A_MUTANT, TESTS_AT_LEAST = 40.0, 40
# So many tests show that unchanged code survives: what turns them red by itself turns all of them red.
HONEST = 12
# A child that takes so many times as long as the same tests did before hangs.
PATIENCE, LEAST_SECONDS = 5.0, 30.0
# A child ends with the place of the test that turned red, counted from 1; beyond these with RED.
BROKEN, RED = 99, 98
_NOTHING = "nothing"


@dataclass(eq=False)
class Played:
    """One test, how long it takes, and the functions it calls: (path, qualified name)."""

    item: pytest.Item
    seconds: float = 0.0
    calls: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Onward:
    """Stands for some next test: all but the session's own fixtures end."""

    session: pytest.Session

    def listchain(self) -> list[pytest.Session]:
        return [self.session]


class Hunt:
    """The plugin that plays mutants in place of the tests."""

    def __init__(self, modules: list[Path], share: float, seed: int, seconds: float) -> None:
        self.seconds = seconds
        self.modules, self.share, self.random = modules, share, random.Random(seed)  # noqa: S311 (to repeat it)
        self.seed = seed
        self.is_red = False
        self.is_survived = False
        self.remembered: list[Remembered] = []
        # By function, the tests that found a wrong of it: the next is most likely theirs as well.
        self.sharp: defaultdict[str, list[Played]] = defaultdict(list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        played = [self._play(item) for item in session.items]
        if self.is_red:
            raise pytest.UsageError("Without any mutant a test is red.")
        live = {path: forks.functions(path) for path in self.modules}
        self.remembered = forks.remembered()
        # Each child opens its own: one that it inherited would be closed for it, which turns a test red.
        connections.close_all()
        # The children share our memory: what the collector looks at, it copies.
        gc.collect()
        gc.freeze()
        for path in self.modules:
            self._hunt(
                path, live[path], [one for one in played if any(name == str(path) for name, _function in one.calls)]
            )
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.is_red = self.is_red or report.failed
        if report.failed:
            print(report.nodeid, report.longreprtext)

    def _play(self, item: pytest.Item) -> Played:
        played = Played(item)
        wanted = {str(path) for path in self.modules}

        def note(frame: FrameType, event: str, _argument: object) -> None:
            if event == "call" and frame.f_code.co_filename in wanted:
                played.calls.add((frame.f_code.co_filename, forks.outermost(frame.f_code)))

        begun = time.monotonic()
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=Onward(item.session))
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
        played.seconds = time.monotonic() - begun
        return played

    def _hunt(self, path: Path, live: list[FunctionType], played: list[Played]) -> None:
        begun = time.monotonic()
        name = str(path.relative_to(ROOT))
        chosen = [one for one in mutants(path) if name in GUARDS or self.random.random() < self.share]
        self._prove_honest(path, live, played)
        survivors = [one for one in chosen if not self._is_killed(one, live, played)]
        self._prove_honest(path, live, played)
        for one in survivors:
            print(f"survives: {name} {one.function} {one.what}", flush=True)
        score = 100.0 * (1 - len(survivors) / len(chosen)) if chosen else 100.0
        part = f", {self.share:.0%} of them" if self.share < 1 and name not in GUARDS else ""
        about = f"mutants of {name}, {score:.1f} % killed{part}"
        seeds, seconds = range(self.seed, self.seed + 1), time.monotonic() - begun
        record.keep("R9", about, count=len(chosen), violations=len(survivors), seeds=seeds, seconds=seconds)
        self.is_survived = self.is_survived or (name in GUARDS and bool(survivors))

    def _prove_honest(self, path: Path, live: list[FunctionType], played: list[Played]) -> None:
        """What is not changed must survive, before and after: else the children are red by themselves."""
        known = {function.__code__.co_qualname: function.__code__ for function in live}
        calls = Counter(name for one in played for called, name in one.calls if called == str(path) and name in known)
        for name, _count in calls.most_common(1):
            same = Mutant(path, name, _NOTHING, known[name])
            assert not self._is_killed(same, live, played, most=HONEST), "a test is red without any mutant"

    def _is_killed(
        self, mutant: Mutant, live: list[FunctionType], played: list[Played], most: int | None = None
    ) -> bool:
        able = self._able(mutant, played)[:most]
        child = os.fork()
        if not child:
            try:
                self._be_wrong(mutant, live, able)
            finally:
                os._exit(BROKEN)
        code = _ended(child, LEAST_SECONDS + PATIENCE * sum(one.seconds for one in able))
        if 0 < code <= len(able) and able[code - 1] not in self.sharp[mutant.function]:
            self.sharp[mutant.function].insert(0, able[code - 1])
        return code != 0

    def _able(self, mutant: Mutant, played: list[Played]) -> list[Played]:
        """The tests that call the function, as many as there is time for.

        After the sharp ones come those that name the module: of what every story passes through, they alone ask what
        became of it.
        """
        able = [one for one in played if (str(mutant.path), mutant.function) in one.calls]
        sharp = self.sharp[mutant.function]
        able.sort(key=lambda one: (one not in sharp, mutant.path.stem not in text_of(one.item.path), one.seconds))
        so_far = accumulate(one.seconds for one in able)
        return [
            one
            for place, (one, spent) in enumerate(zip(able, so_far, strict=True))
            if place < TESTS_AT_LEAST or spent < self.seconds
        ]

    def _be_wrong(self, mutant: Mutant, live: list[FunctionType], able: list[Played]) -> None:
        """In the child: 0 where every test stays green. What turns red by itself is told."""
        os.setpgid(0, 0)
        if mutant.what != _NOTHING:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
        forks.forget(self.remembered)
        forks.empty_ground()
        for function in live:
            if function.__code__.co_qualname == mutant.function:
                # Without its super() a method would not fit the closure that it has.
                function.__code__ = mutant.code.replace(co_freevars=function.__code__.co_freevars)
        for place, one in enumerate(able, 1):
            one.item.config.hook.pytest_runtest_protocol(item=one.item, nextitem=Onward(one.item.session))
            if self.is_red:
                os._exit(min(place, RED))
        os._exit(0)


@cache
def text_of(path: Path) -> str:
    """What stands in a file of tests, its name before it."""
    return f"{path.stem} {path.read_text(encoding='utf-8')}"


def _ended(child: int, seconds: float) -> int:
    """The code that the child ended with; of one that hangs, RED."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            assert code != BROKEN, "the hunt itself broke"
            return code
        threading.Event().wait(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return RED


def chosen_modules(named: Iterable[str]) -> Iterator[Path]:
    """The files of rooms and modules that are named; without a name all of the three rooms."""
    for name in named or [f"upgrades/{room}" for room in ROOMS]:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def main() -> int:
    """Hunt; 1 where a mutant of a guard survived."""
    parser = argparse.ArgumentParser(prog="make mutants ARGS=...", description=__doc__)
    parser.add_argument("module", nargs="*", help="a file or folder of upgrades/rules, upgrades/ocp, upgrades/services")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants of what is no guard, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="chooses that share")
    parser.add_argument("--seconds", type=float, default=SECONDS_A_MUTANT, help="of tests for each mutant")
    parser.add_argument("--tests", nargs="*", help="without them those of the modules' rooms")
    asked = parser.parse_args()
    modules = list(chosen_modules(asked.module))
    rooms = [room for room in ROOMS if any(path.is_relative_to(ROOT / "upgrades" / room) for path in modules)]
    tests = asked.tests or [test for room in rooms for test in ROOMS[room]]
    # Otherwise the product's own, which ocpdash.celery has put there by now.
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    hunt = Hunt(modules, asked.share, asked.seed, asked.seconds)
    # No -x: the first child that turns red would end the fixtures of the session, and with them everybody's servers.
    code = pytest.main(["-q", "-s", "--no-header", "-p", "no:cacheprovider", "--timeout", "0", *tests], [hunt])
    return int(hunt.is_survived or code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED))


if __name__ == "__main__":
    sys.exit(main())
