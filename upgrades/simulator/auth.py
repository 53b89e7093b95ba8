"""The look-alike's accounts and its Basic authentication, with OCP's lock-out."""

import base64
import binascii
import hmac
import time

from upgrades.simulator.dag import Creator
from upgrades.simulator.errors import Refusal

USERNAME = "ocpdash"
PASSWORD = "ocpdash-demo"  # noqa: S105 - the demo's own, printed at start
ADMIN = Creator(100, "admin")

# name -> password, OCP's user
ACCOUNTS = {USERNAME: (PASSWORD, Creator(1001, USERNAME)), ADMIN.name: ("admin-demo", ADMIN)}
_MOST_TRIES = 20
_LOCKED_SECONDS = 1800


class Doorman:
    """Knows who asks. After 20 wrong passwords in a row an account is locked for half an hour."""

    def __init__(self) -> None:
        self._wrong: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}

    def enter(self, authorization: str) -> Creator:
        """Return the user of an Authorization header, or refuse with OCP's code."""
        name, password = _credentials(authorization)
        if name not in ACCOUNTS:
            raise Refusal("IAM10004", _MOST_TRIES - 1)
        if self._locked_until.get(name, 0.0) > time.monotonic():
            raise Refusal("IAM10007")
        expected, user = ACCOUNTS[name]
        if not hmac.compare_digest(password.encode(), expected.encode()):
            raise self._count(name)
        self._wrong.pop(name, None)
        return user

    def _count(self, name: str) -> Refusal:
        self._wrong[name] = self._wrong.get(name, 0) + 1
        left = _MOST_TRIES - self._wrong[name]
        if left > 0:
            return Refusal("IAM10004", left)
        self._wrong[name] = 0
        self._locked_until[name] = time.monotonic() + _LOCKED_SECONDS
        return Refusal("IAM10007")


def account_name(authorization: str) -> str:
    """Return the name in an Authorization header, right or wrong; empty where there is none."""
    try:
        return _credentials(authorization)[0]
    except Refusal:
        return ""


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise Refusal("IAM10000")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("IAM10000") from None
    name, _, password = text.partition(":")
    return name, password
