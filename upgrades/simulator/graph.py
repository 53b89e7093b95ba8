"""The look-alike's own copy of OceanBase's upgrade graph, and the path through it.

Source of the data: oceanbase/oceanbase tools/upgrade/oceanbase_upgrade_dep.yml and OCP's manual
(OM best practices, "upgrade OB cluster"). That a condition `when_come_from` looks at the binary that runs by then
follows obdeploy's route of plugin oceanbase 4.0.0.0.
"""

from collections import deque
from dataclasses import dataclass

_EARLY = ("4.0.0.0", "4.1.0.0-100000192023032010")
_BEFORE_421 = ("4.1.0.0", "4.1.0.1", "4.1.0.2", "4.2.0.0")

NEXT: dict[str, tuple[str, ...]] = {
    "2.2.70": ("2.2.71",),
    "2.2.71": ("2.2.72",),
    "2.2.72": ("2.2.73",),
    "2.2.73": ("2.2.74",),
    "2.2.74": ("2.2.75",),
    "2.2.75": ("2.2.76",),
    "2.2.76": ("2.2.77",),
    "2.2.77": ("2.2.78", "3.1.2"),
    "3.1.0": ("3.1.1",),
    "3.1.1": ("3.1.2",),
    "3.1.2": ("3.1.3",),
    "4.0.0.0": ("4.1.0.0",),
    "4.1.0.0-100000192023032010": ("4.1.0.0",),
    "4.1.0.0": ("4.1.0.1",),
    "4.1.0.1": ("4.1.0.2",),
    "4.1.0.2": ("4.2.0.0",),
    "4.2.0.0-100000152023080109": ("4.2.0.0",),
    "4.2.0.0-100010022023081817": ("4.2.0.0",),
    "4.2.0.0": ("4.2.1.0",),
    "4.2.1.0": ("4.2.1.1",),
    "4.2.1.1": ("4.2.1.2",),
    "4.3.0.0": ("4.3.0.1",),
    "4.3.0.1": ("4.3.1.0",),
    "4.3.1.0": ("4.3.2.0",),
    "4.3.2.0": ("4.3.3.0",),
    "4.3.3.0": (),
}
DEPRECATED = frozenset(version for version in NEXT if "-" in version)
BARRIERS = frozenset({"1.4.79", "2.1.31", "2.2.1", "2.2.50", "2.2.77", "3.1.2"})
BARRIERS_FROM = {"4.1.0.2": frozenset(_EARLY), "4.2.1.1": frozenset(_BEFORE_421)}


@dataclass(frozen=True, slots=True)
class Stop:
    """One version on a path; at a binary stop the observers are replaced."""

    version: str
    is_binary: bool


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare as OceanBase's versions do."""
    return tuple(int(part) for part in version.split("-")[0].split("."))


def is_newer(version: str, build: str, than_version: str, than_build: str) -> bool:
    """Say whether version-build is later than the other one."""
    return (number(version), int(build)) > (number(than_version), int(than_build))


def find_path(version: str, build: str, goal: str, goal_build: str) -> tuple[Stop, ...]:
    """Return the stops after `version` up to and including `goal`; empty where there is no way."""
    if f"{goal}-{goal_build}" in DEPRECATED:
        return ()
    if version == goal:
        return (Stop(goal, is_binary=True),)
    exact = f"{version}-{build}"
    start = exact if exact in NEXT else version
    stops: list[Stop] = []
    running = start
    for step in _shortest(start, goal)[1:]:
        stops.append(Stop(step, step == goal or _is_barrier(step, running)))
        running = step if stops[-1].is_binary else running
    return tuple(stops)


def _shortest(start: str, goal: str) -> list[str]:
    came_from: dict[str, str] = {start: ""}
    queue = deque([start])
    while queue:
        version = queue.popleft()
        if version == goal:
            return _walk_back(came_from, goal)
        for following in _following(version, goal):
            if following not in came_from:
                came_from[following] = version
                queue.append(following)
    return []


def _walk_back(came_from: dict[str, str], goal: str) -> list[str]:
    route = [goal]
    while came_from[route[-1]]:
        route.append(came_from[route[-1]])
    return route[::-1]


def _following(version: str, goal: str) -> tuple[str, ...]:
    """Return the next versions; past the end of a line of the graph, the goal itself."""
    known = NEXT.get(version, ())
    if any(_line(version) == _line(following) for following in known):
        return known
    if _line(version) == _line(goal) and number(version) < number(goal):
        return (*known, goal)
    return known


def _line(version: str) -> tuple[int, ...]:
    return number(version)[:3]


def _is_barrier(version: str, running: str) -> bool:
    return version in BARRIERS or running in BARRIERS_FROM.get(version, frozenset())
