"""What a fork of a warm run of pytest starts from: the live code of the product, no kept answers, no rows."""

import gc
from contextlib import suppress
from functools import _lru_cache_wrapper as Remembered
from pathlib import Path
from types import CodeType, FunctionType

import psycopg

from ocpdash import embedded
from tests import settings as test_settings

_SOCKETS = embedded.socket_folder(test_settings.SERVICES)


def outermost(code: CodeType) -> str:
    """The name by which mutants know a function: what is inside another belongs to that."""
    return code.co_qualname.partition(".<locals>")[0]


# By type(), for isinstance() would wake lazy objects, which may be unable to.
def functions(path: Path) -> list[FunctionType]:
    """The live functions of a module, those that a decorator wraps too."""
    everything = gc.get_objects()
    return [one for one in everything if type(one) is FunctionType and one.__code__.co_filename == str(path)]


def remembered() -> list[Remembered]:
    """Every function of the product that keeps its answers."""
    everything = [one for one in gc.get_objects() if type(one) is Remembered]
    return [one for one in everything if getattr(one, "__module__", "").startswith("upgrades.")]


def forget(answers: list[Remembered]) -> None:
    """In the child: the parent's answers would hide a wrong."""
    for kept in answers:
        kept.cache_clear()


def empty_ground() -> None:
    """No rows of another child, and a file outside the database that fits them: else all is taken for a restore."""
    # Imported by now, and as pytest wants it.
    from tests.conftest import clean_database

    # Rooms without a database have none.
    with suppress(psycopg.OperationalError):
        clean_database(f"postgresql://{embedded.SUPERUSER}@/{embedded.DATABASE}?host={_SOCKETS}/pg")
