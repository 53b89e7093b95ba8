"""The rows of every table as they were at one moment, to be put back before each strike: faster than playing anew.

The file that workers keep outside the database is put back with them: without it this would be a restored backup, and
nothing would be sent any more.
"""

import psycopg
from psycopg import sql

from tests import settings as test_settings

STATE = test_settings.STATE_DIR / "state.json"

# Each table with the columns that may be written: PostgreSQL makes the others itself.
_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'django_migrations'
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relname ORDER BY c.relname
"""


class Saved:
    """Copies in a schema of their own, in the same database."""

    def __init__(self, superuser_url: str) -> None:
        self._connection = psycopg.connect(superuser_url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        self._tables = self._connection.execute(_TABLES).fetchall()
        self._restore = sql.Composed([])
        self._state: bytes | None = None

    def keep(self) -> None:
        """Remember the rows as they are now, and the file."""
        self._state = STATE.read_bytes() if STATE.exists() else None
        self._connection.execute("DROP SCHEMA IF EXISTS saved CASCADE")
        self._connection.execute("CREATE SCHEMA saved")
        statements = []
        for name, names in self._tables:
            table, copy = sql.Identifier("public", name), sql.Identifier("saved", name)
            columns = sql.SQL(", ").join(map(sql.Identifier, names))
            statements.append(sql.SQL("DELETE FROM {}").format(table))
            self._connection.execute(sql.SQL("CREATE TABLE {} AS SELECT * FROM {}").format(copy, table))
            if self._connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(copy)).fetchone():
                insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
                statements.append(insert.format(table, columns, columns, copy))
        self._restore = sql.SQL("; ").join(statements)

    def put_back(self) -> None:
        """Make the rows what they were at keep(), in one transaction, and the file."""
        with self._connection.transaction():
            self._connection.execute(self._restore)
        if self._state is None:
            STATE.unlink(missing_ok=True)
            return
        new = STATE.with_suffix(".saved")
        new.write_bytes(self._state)
        new.replace(STATE)

    def close(self) -> None:
        """Take the copies away."""
        self._connection.execute("DROP SCHEMA IF EXISTS saved CASCADE")
        self._connection.close()
