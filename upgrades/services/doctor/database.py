"""PostgreSQL: the server, what it promises of a commit, and what the application's role may do."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ocpdash import versions
from ocpdash.database import AUDIT_TABLES, EVIDENCE_TABLES
from upgrades.rules import Reason
from upgrades.rules.doctor import Level, Line, Topic

_OWNS = """SELECT count(*) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relowner = current_user::regrole"""
_IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_RIGHTS = """SELECT relname, has_table_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE'),
    has_table_privilege(oid, 'TRUNCATE'), has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'upgrades\\_%%'"""


def _line(level: Level, code: str, **params: str | int) -> Line:
    return Line(Topic.DATABASE, level, Reason(code, params))


def _ask(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def server() -> Iterator[Line]:
    """Its version, its size, and that it takes writes."""
    number = connection.connection.info.server_version if connection.connection else 0
    ((size, is_standby),) = _ask("SELECT pg_database_size(current_database()) >> 20, pg_is_in_recovery()")
    number = number or connection.connection.info.server_version
    level = Level.TROUBLE if versions.postgres_too_old(number) else Level.OK
    yield _line(level, "doctor.postgres", version=f"{number // 10_000}.{number % 10_000}", megabytes=int(size))
    if is_standby:
        yield _line(Level.TROUBLE, "doctor.postgres_standby")


def durability() -> Iterator[Line]:
    """A run's row must be on disk before its POST leaves."""
    names = ("fsync", "full_page_writes", "synchronous_commit")
    off = [name for name in names if _ask(f"SHOW {name}") == [("off",)]]
    for name in off:
        yield _line(Level.TROUBLE, "doctor.not_durable", name=name)
    if not off:
        yield _line(Level.OK, "doctor.durable")


def role() -> Iterator[Line]:
    """The application owns nothing and is no superuser: triggers and grants would not bind it."""
    ((owned,),), ((is_superuser,),) = _ask(_OWNS), _ask(_IS_SUPERUSER)
    if owned or is_superuser:
        yield _line(Level.TROUBLE, "doctor.role_too_strong", count=int(owned))
    else:
        yield _line(Level.OK, "doctor.role_owns_nothing")


def grants() -> Iterator[Line]:
    """What was written once stays; everything else can be worked with."""
    rows = {name: rights for name, *rights in _ask(_RIGHTS)}
    bound = {*AUDIT_TABLES, *EVIDENCE_TABLES}
    wide = sorted(name for name, (changes, empties, _uses) in rows.items() if empties or (changes and name in bound))
    missing = sorted(name for name, (_changes, _empties, uses) in rows.items() if not uses)
    if wide:
        yield _line(Level.TROUBLE, "doctor.grants_too_wide", tables=", ".join(wide)[:300])
    if missing:
        yield _line(Level.TROUBLE, "doctor.grants_missing", tables=", ".join(missing)[:300])
    if not wide and not missing:
        yield _line(Level.OK, "doctor.grants_fit", count=len(rows))


def migrations() -> Iterator[Line]:
    """The tables are those of this version."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    newer = [key for key in executor.loader.applied_migrations if key[0] == "upgrades" and key not in _known(executor)]
    if plan:
        yield _line(Level.TROUBLE, "doctor.migrations_missing", count=len(plan))
    if newer:
        yield _line(Level.WARNING, "doctor.migrations_newer", count=len(newer))
    if not plan and not newer:
        yield _line(Level.OK, "doctor.migrations_applied")


def _known(executor: MigrationExecutor) -> set[tuple[str, str]]:
    return set(executor.loader.disk_migrations or ())
