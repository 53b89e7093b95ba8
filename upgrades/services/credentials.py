"""Endpoints' credentials: sealed in the row with keys that the database does not know, opened when OCP is asked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from ocpdash.environment import SECRETS
from upgrades import audit
from upgrades.models import CredentialsKind, Endpoint
from upgrades.ocp.auth import BasicAuth, Signer
from upgrades.ocp.signing import AccessKeyAuth
from upgrades.rules import Reason


class Unreadable(Exception):
    """The row holds no credentials that may be used. `reason` says why, with the remedy."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What signs our requests, in clear: never written, logged or shown."""

    secret: str
    kind: str = CredentialsKind.BASIC
    access_key: str = ""

    def signer(self, account_name: str) -> Signer:
        """Raises ValueError for an account or an access key that cannot be used."""
        if self.kind == CredentialsKind.ACCESS_KEY:
            return AccessKeyAuth(self.access_key, self.secret)
        return BasicAuth(account_name, self.secret)


def seal(credentials: Credentials, *, base_url: str, account_name: str) -> str:
    """The text for `Endpoint.credentials`, under the newest key.

    Address and account are sealed in: whoever can write rows cannot lead the password to another server.
    """
    content = {"base_url": base_url, "account_name": account_name, "secret": credentials.secret}
    return _keys().encrypt(json.dumps(content).encode()).decode("ascii")


def unseal(endpoint: Endpoint) -> Credentials:
    """The credentials of `endpoint`. Raises Unreadable: none, no key for them, or meant for another address."""
    if not endpoint.credentials:
        raise Unreadable(Reason("endpoint.credentials_missing", {"name": endpoint.name}))
    try:
        content: dict[str, Any] = json.loads(_keys().decrypt(endpoint.credentials.encode()))
    except InvalidToken:
        raise Unreadable(Reason("endpoint.credentials_unreadable", {"name": endpoint.name})) from None
    if (content["base_url"], content["account_name"]) != (endpoint.base_url, endpoint.account_name):
        raise Unreadable(Reason("endpoint.credentials_elsewhere", {"name": endpoint.name}))
    SECRETS.add(content["secret"])
    return Credentials(content["secret"], endpoint.credentials_kind, endpoint.access_key)


def mark(endpoint: Endpoint) -> str:
    """A keyed hash of account and credentials (64 hex digits): it differs once either does, and tells neither."""
    try:
        held = unseal(endpoint)
        secret = f"{held.kind}\0{held.access_key}\0{held.secret}"
    except Unreadable as unreadable:
        secret = unreadable.reason.code
    text = f"{endpoint.account_name}\0{secret}"
    return salted_hmac("upgrades.endpoints.credentials", text, algorithm="sha256").hexdigest()


def rotate(endpoint: Endpoint) -> bool:
    """Seal what `endpoint` holds anew, with the newest key; False where no key opens it, or somebody wrote meanwhile.

    The credentials stay the same, so that nothing which depends on them moves.
    """
    if not endpoint.credentials:
        return True
    try:
        sealed = _keys().rotate(endpoint.credentials.encode()).decode("ascii")
    except InvalidToken:
        return False
    with transaction.atomic():
        rows = Endpoint.objects.filter(pk=endpoint.pk, credentials=endpoint.credentials)
        if rows.update(credentials=sealed) != 1:
            return False
        audit.record("endpoint.rotate_credentials", subject=endpoint)
    return True


def rotate_all() -> Iterable[tuple[Endpoint, bool]]:
    """rotate() for every endpoint that holds credentials, with its outcome."""
    return [(endpoint, rotate(endpoint)) for endpoint in Endpoint.objects.exclude(credentials="")]


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIALS_KEYS])
