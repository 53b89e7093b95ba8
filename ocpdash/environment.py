"""Typed readers of os.environ. Each says which variable is wrong, and never what a secret's value was."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

# Values that must not reach a log line; logs.py masks them.
SECRETS: set[str] = set()


@dataclass
class Variable:
    """What was asked for: the default (None: it must be set), and whether NAME_FILE may stand for it."""

    default: str | None
    is_secret: bool = False


# Every variable that was read so far, by name.
VARIABLES: dict[str, Variable] = {}

_KEY_BYTES = 32


def text(name: str, default: str | None = None) -> str:
    """The variable's text; `default` where it is unset or empty. Without a default it must be set."""
    VARIABLES.setdefault(name, Variable(default))
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"{name} must be set.")
    return value


def secret(name: str, default: str | None = None) -> str:
    """Like text(), or the content of the file that NAME_FILE names. The value is masked in logs."""
    VARIABLES.setdefault(name, Variable(default)).is_secret = True
    path = os.environ.get(f"{name}_FILE", "").strip()
    if path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read: {error.strerror}.") from error
    else:
        value = text(name, default)
    if value:
        SECRETS.add(value)
    return value


def keys(name: str) -> list[str]:
    """Fernet keys, the newest first, separated by commas, spaces or lines: each 32 bytes in URL-safe base64."""
    found = secret(name).replace(",", " ").split()
    SECRETS.update(found)
    if not found or not all(map(_is_key, found)):
        raise ImproperlyConfigured(
            f"{name} must hold keys of 32 bytes in URL-safe base64, the newest first. Make one: "
            'python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
        )
    return found


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, altchars="-_", validate=True)) == _KEY_BYTES
    except ValueError:
        return False


def flag(name: str, *, default: bool = False) -> bool:
    """true/false, yes/no, on/off or 1/0."""
    value = text(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def listing(name: str, default: str | None = None) -> list[str]:
    """Comma-separated words."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, default: str, *, allowed: tuple[str, ...]) -> str:
    """One of the allowed words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def zone(name: str, default: str) -> str:
    """The name of a time zone, such as Asia/Shanghai."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ImproperlyConfigured(f"{name} must name a time zone such as Asia/Shanghai, not {value!r}.") from error
    return value


def whole(name: str, default: int, *, least: int) -> int:
    """A whole number, `least` or more."""
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number, {least} or more, not {value!r}.")
    return int(value)


def seconds(name: str, default: float, *, least: float = 0.0) -> float:
    """A duration in seconds, `least` or more (and more than 0)."""
    value = text(name, str(default))
    try:
        duration = float(value)
    except ValueError:
        duration = -1.0
    if not (0 < duration < float("inf")) or duration < least:
        floor = f"{least:g} or more" if least else "more than 0"
        raise ImproperlyConfigured(f"{name} must be a number of seconds, {floor}, not {value!r}.")
    return duration


def database(name: str, options: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Django's settings of one PostgreSQL database, from postgresql://user:password@host:port/name.

    A unix socket's folder goes into ?host=/folder; sslmode and sslrootcert are handed on. `options` are
    the server settings of each connection, in libpq's form ("-c statement_timeout=30s"); `parameters` are libpq's
    own, each unless the URL has another value for it.
    """
    url = urlsplit(secret(name))
    database_name = unquote(url.path.lstrip("/"))
    if url.scheme not in {"postgresql", "postgres"} or not url.username or not database_name:
        raise ImproperlyConfigured(f"{name} must look like postgresql://user:password@host:5432/database.")
    query = dict(parse_qsl(url.query))
    if url.password:
        SECRETS.add(unquote(url.password))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(url.username),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.pop("host", url.hostname or ""),
        "PORT": str(url.port or query.pop("port", "")),
        "OPTIONS": {**parameters, **query, "options": options},
    }


def redis(name: str) -> tuple[str, str]:
    """Redis' address in redis-py's form and in kombu's: redis://, rediss:// or unix:///path?db=0."""
    address = secret(name)
    url = urlsplit(address)
    if url.scheme not in {"redis", "rediss", "unix"} or (url.scheme == "unix" and not url.path.startswith("/")):
        raise ImproperlyConfigured(f"{name} must begin with redis://, rediss:// or unix:///path.")
    if url.password:
        SECRETS.add(unquote(url.password))
    if url.scheme != "unix":
        return address, address
    number = dict(parse_qsl(url.query)).get("db", "0")
    return address, f"redis+socket://{url.path}?virtual_host={number}"
