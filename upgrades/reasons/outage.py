"""Whether an error means that ocpdash's own database is away, which passes by itself."""

from django.db import InterfaceError, OperationalError

# What pages and the API answer as Retry-After: a failover or a restart takes some seconds.
RETRY_SECONDS = 10
# PostgreSQL answers, and says of one transaction that it met others or waited for a lock (SQLSTATE, appendix A).
_OF_ONE_TRANSACTION = ("40", "55")


def is_away(error: BaseException | None) -> bool:
    """Whether PostgreSQL could not be reached, went away, was too slow, or has no room: its error as Django has it."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return not state.startswith(_OF_ONE_TRANSACTION)
