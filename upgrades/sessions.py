"""Sessions in the database, as Django keeps them, found only by keys that Django makes."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A cookie may hold anything; PostgreSQL answers a NUL with an error, and the page would be a 500."""

    def _validate_session_key(self, key: str) -> bool:
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()  # type: ignore[misc]  # not in the stubs
