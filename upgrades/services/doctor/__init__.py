"""Looks at everything that ocpdash stands on, and changes nothing. For `manage.py doctor` and the page.

OCP is not asked: what was read of it is in the rows. A module a topic; each looks by itself, so that one that breaks
hides no other.
"""

import logging
from collections.abc import Callable, Iterable, Mapping

import redis
from django.db import DatabaseError

from upgrades.rules import Reason
from upgrades.rules.doctor import Level, Line, Topic
from upgrades.services.doctor import broker, database, installation, ocp, work

logger = logging.getLogger(__name__)

Look = Callable[[], Iterable[Line]]
LOOKS: Mapping[Topic, tuple[Look, ...]] = {
    Topic.SENDING: (work.halts, work.state_files),
    Topic.DATABASE: (database.server, database.durability, database.role, database.grants, database.migrations),
    Topic.BROKER: (broker.server, broker.queues),
    Topic.PARTS: (work.parts, work.workers),
    Topic.ENDPOINTS: (ocp.endpoints,),
    Topic.RUNS: (work.runs,),
    Topic.AUDIT: (work.seals,),
    Topic.INSTALLATION: (installation.checks, installation.clock, installation.disk, installation.files),
}


def examine() -> list[Line]:
    """Every line, topic by topic; a look that fails is a line of trouble itself."""
    return [line for topic, looks in LOOKS.items() for look in looks for line in _looked(topic, look)]


def _looked(topic: Topic, look: Look) -> list[Line]:
    try:
        return list(look())
    except (DatabaseError, redis.RedisError, OSError) as error:
        logger.warning("could not be looked at", exc_info=error)
        reason = Reason("doctor.not_looked_at", {"what": look.__name__, "error": type(error).__name__})
        return [Line(topic, Level.TROUBLE, reason)]
