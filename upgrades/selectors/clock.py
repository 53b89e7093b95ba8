"""The database's clock."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The database's clock at this moment, not at the transaction's beginning; aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]


def observation() -> int:
    """A number for a read that is about to begin: microseconds of the database's clock.

    Drawn before reading, compared when writing: a slower, older read loses.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        row = cursor.fetchone()
    return int(row[0])
