"""The look-alike's accounts, and how it knows who asks: Basic with OCP's lock-out, or a signature by access key."""

import base64
import binascii
import hmac
import time

from upgrades.simulator import signing
from upgrades.simulator.dag import Creator
from upgrades.simulator.errors import Refusal
from upgrades.simulator.records import Account
from upgrades.simulator.state import World
from upgrades.simulator.web import Request

USERNAME = "ocpdash"
PASSWORD = "ocpdash-demo"  # noqa: S105 - the demo's own, printed at start
ACCESS_KEY = "ocpdashAccessKey"
SECRET_KEY = "0cf1a7d2c4b94f6e8a3d5b7c9e1f2a4d"  # noqa: S105 - the demo's own, printed at start
ADMIN = Creator(100, "admin")

_MOST_TRIES = 20
_LOCKED_SECONDS = 1800.0
_ADDRESS_LOCKED_SECONDS = 600.0


def founders() -> list[Account]:
    """Return the accounts of a new look-alike."""
    return [
        Account(1001, USERNAME, PASSWORD, ["CLUSTER_MANAGER", "AUDIT_VIEWER"], ACCESS_KEY, SECRET_KEY),
        Account(1002, "ocpdash_reader", "reader-demo", ["CLUSTER_VIEWER"]),
        Account(ADMIN.id, ADMIN.name, "admin-demo", ["ADMIN"]),
    ]


class Doorman:
    """Knows who asks.

    After 20 wrong passwords in a row an account is locked for half an hour, and an address, whatever the
    accounts were, for ten minutes. Signatures need no password, so they neither count nor are locked out.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}

    def enter(self, request: Request, now: float) -> Account:
        """Return the account that asks, or refuse with OCP's code; `now` is OCP's time in epoch seconds."""
        authorization = request.headers.get("authorization", "")
        if authorization.startswith(f"{signing.SCHEME} "):
            return self._signed(request, authorization, now)
        return self._by_password(request, authorization)

    def unlock(self) -> None:
        """Forget every wrong password."""
        self._wrong.clear()
        self._locked_until.clear()

    def _signed(self, request: Request, authorization: str, now: float) -> Account:
        access_key, _, given = authorization.split(" ", 1)[1].partition(":")
        account = _of_key(self._world, access_key)
        if account is None or not signing.is_timely(request.headers.get("date", ""), now):
            raise Refusal("IAM10000")
        # A proxy may have put its own Host in place of the one that was signed.
        for name in ("host", "x-forwarded-host"):
            text = signing.message(
                request.method,
                request.path,
                request.query,
                request.headers,
                request.body,
                request.headers.get(name, ""),
            )
            if hmac.compare_digest(signing.signature(account.secret_key, text).encode(), given.encode()):
                return account
        raise Refusal("IAM10000")

    def _by_password(self, request: Request, authorization: str) -> Account:
        name, password = _credentials(authorization)
        account, address = self._world.accounts.get(name), f"@{request.client}"
        if account is not None and self._is_locked(name):
            raise Refusal("IAM10007")
        if self._is_locked(address):
            raise Refusal("IAM10014", request.client)
        if account is None or not hmac.compare_digest(password.encode(), account.password.encode()):
            self._count(address, _ADDRESS_LOCKED_SECONDS)
            raise self._refusal(name, is_known=account is not None)
        for key in (name, address):
            self._wrong.pop(key, None)
        return account

    def _refusal(self, name: str, *, is_known: bool) -> Refusal:
        if not is_known:
            return Refusal("IAM10004", _MOST_TRIES - 1)
        left = self._count(name, _LOCKED_SECONDS)
        return Refusal("IAM10004", left) if left else Refusal("IAM10007")

    def _is_locked(self, key: str) -> bool:
        return self._locked_until.get(key, 0.0) > time.monotonic()

    def _count(self, key: str, locked_seconds: float) -> int:
        """Count a wrong password; returns how many tries are left before the lock."""
        self._wrong[key] = self._wrong.get(key, 0) + 1
        left = _MOST_TRIES - self._wrong[key]
        if left <= 0:
            self._wrong[key] = 0
            self._locked_until[key] = time.monotonic() + locked_seconds
        return max(0, left)


def creator(account: Account) -> Creator:
    """Return an account as the creator of tasks."""
    return Creator(account.id, account.name)


def account_name(world: World, authorization: str) -> str:
    """Return the name in an Authorization header, right or wrong; empty where there is none."""
    if authorization.startswith(f"{signing.SCHEME} "):
        account = _of_key(world, authorization.split(" ", 1)[1].partition(":")[0])
        return account.name if account else ""
    try:
        return _credentials(authorization)[0]
    except Refusal:
        return ""


def _of_key(world: World, access_key: str) -> Account | None:
    return next((account for account in world.accounts.values() if access_key == account.access_key != ""), None)


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
