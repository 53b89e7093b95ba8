"""The state file: one SQLite row a record, written in one transaction before anything is answered."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from upgrades.simulator.records import (
    AnswerPlan,
    Attempt,
    Cluster,
    FailRule,
    LatePost,
    Server,
    Subtask,
    Task,
    Zone,
)
from upgrades.simulator.state import KINDS, META, Kind, World

# Raised with every change of what is stored: an older file is refused, not guessed at.
FORMAT = 1
_META = ("seed", "engine_at", "last_task_id", "last_subtask_id", "limits")


class UnknownState(Exception):
    """A state file of another format, or no state file at all."""


class Store:
    """Keeps a world in a SQLite file; without a path it keeps nothing.

    Raises UnknownState where the file is there and not of FORMAT.
    """

    def __init__(self, path: Path | None) -> None:
        self._connection: sqlite3.Connection | None = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # Used by many threads, always under the world's lock.
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._prepare(self._connection)
        except (sqlite3.DatabaseError, UnknownState):
            self.close()
            raise UnknownState(path) from None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        is_new = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        if not is_new and connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
            raise UnknownState
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.execute("CREATE TABLE IF NOT EXISTS record (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")

    def flush(self, world: World) -> None:
        """Store what changed, and nothing else."""
        touched, world.touched = world.touched, set()
        if self._connection is None or not touched:
            return
        rows = [(kind, key, _body(world, kind, key)) for kind, key in touched | {META}]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("REPLACE INTO record VALUES (?, ?, ?)", [row for row in rows if row[2]])
        self._connection.executemany(
            "DELETE FROM record WHERE kind = ? AND id = ?", [row[:2] for row in rows if not row[2]]
        )
        self._connection.execute("COMMIT")

    def load(self, world: World) -> bool:
        """Fill an empty world from the file; False when the file is new."""
        if self._connection is None:
            return False
        rows = self._connection.execute("SELECT kind, body FROM record").fetchall()
        for kind, body in rows:
            _take(world, kind, json.loads(body))
        for order in (world.clusters, world.tasks, world.alarms, world.audit, world.posts):
            _sort(order)
        packages = sorted(world.packages.values(), key=lambda package: package.id)
        world.packages = {package.file_name: package for package in packages}
        return bool(rows)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _sort(records: dict[int, Any]) -> None:
    for key in sorted(records):
        records[key] = records.pop(key)


def _body(world: World, kind: str, key: int | str) -> str:
    """Return a record as JSON, or an empty text when it is gone."""
    if (kind, key) == META:
        return json.dumps(_meta(world), default=_fields)
    record = _kept(world, _BY_NAME[kind][1]).get(key)
    return json.dumps(record, default=_fields) if record is not None else ""


def _fields(record: Any) -> dict[str, Any]:
    """Return a record as a dict; the copies that dataclasses.asdict makes are not needed here."""
    return {name: getattr(record, name) for name in record.__slots__}


def _meta(world: World) -> dict[str, Any]:
    return {name: getattr(world, name) for name in _META} | {
        "plans": world.plans,
        "fails": world.fails,
        "late": world.late,
        "lies": sorted(world.lies),
    }


def _take(world: World, kind: str, body: dict[str, Any]) -> None:
    if kind == META[0]:
        _take_meta(world, body)
        return
    record_type, named = _BY_NAME[kind]
    record = _NESTED.get(record_type, lambda body: record_type(**body))(body)
    _kept(world, named)[getattr(record, named.key)] = record


def _kept(world: World, kind: Kind) -> dict[Any, Any]:
    kept: dict[Any, Any] = getattr(world, kind.kept)
    return kept


def _cluster(body: dict[str, Any]) -> Cluster:
    body["zones"] = [Zone(**zone) for zone in body["zones"]]
    body["servers"] = [Server(**server) for server in body["servers"]]
    return Cluster(**body)


def _task(body: dict[str, Any]) -> Task:
    body["subtasks"] = [_subtask(subtask) for subtask in body["subtasks"]]
    return Task(**body)


def _take_meta(world: World, body: dict[str, Any]) -> None:
    for name in _META:
        setattr(world, name, body[name])
    world.plans = [AnswerPlan(**plan) for plan in body["plans"]]
    world.fails = [FailRule(**rule) for rule in body["fails"]]
    world.late = [LatePost(**late) for late in body["late"]]
    world.lies = set(body["lies"])


def _subtask(body: dict[str, Any]) -> Subtask:
    body["attempts"] = [Attempt(**attempt) for attempt in body["attempts"]]
    return Subtask(**body)


_BY_NAME = {kind.name: (record_type, kind) for record_type, kind in KINDS.items()}
_NESTED: dict[type, Callable[[dict[str, Any]], Any]] = {Cluster: _cluster, Task: _task}
