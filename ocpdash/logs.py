"""Logs: one JSON object a line, with the request's id, and no secret in it."""

import json
import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from ocpdash.environment import SECRETS

# Set by the request middleware; the id that an error page shows.
request_id: ContextVar[str] = ContextVar("request_id", default="")

MASK = "********"
# Shorter values are words of everyday text: masking them would spoil lines and hide nothing.
LEAST_SECRET = 6

# Its token is good for a day. Django and we log the paths of requests that fail.
_PASSWORD_LINK = re.compile(r"(/set-password/)[^\s\"'<>]+")

# What services.tokens makes; its beginning is what people know it by.
_API_TOKEN = re.compile(r"(ocpdash_[\w-]{6})[\w-]{37}")

# What every record carries, and uvicorn's copy of each line in colour.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def masked(line: str) -> str:
    """The line with every configured secret blotted out, and every link or API token that lets somebody in."""
    line = _PASSWORD_LINK.sub(rf"\1{MASK}", line)
    line = _API_TOKEN.sub(rf"\1{MASK}", line)
    # A copy: a thread that opens an endpoint's credentials adds to the set meanwhile.
    for value in tuple(SECRETS):
        if len(value) >= LEAST_SECRET:
            line = line.replace(value, MASK)
    return line


class JsonFormatter(logging.Formatter):
    """Message and traceback as one JSON object; control characters come out escaped, so no line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if request_id.get():
            entry["request_id"] = request_id.get()
        for name, value in vars(record).items():
            # What a caller gave as `extra`; Django adds whole requests, which are no words for a log.
            if name not in STANDARD and isinstance(value, str | int | float | None):
                entry[name] = masked(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["traceback"] = masked(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=True)


def configuration(level: str) -> Mapping[str, Any]:
    """Django's LOGGING: everything to stderr, our own loggers at `level`, libraries from warnings up."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            # Django's own handlers would mail and print beside ours.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "ocpdash": {"level": level},
            "upgrades": {"level": level},
            "celery": {"level": "INFO"},
            # One line a task is noise at a tick a second.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
