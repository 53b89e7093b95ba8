"""Endpoints as admins enter them: added, edited, switched on and off."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from upgrades import audit
from upgrades.models import CredentialsKind, Endpoint, UpgradeRun, User
from upgrades.ocp.address import checked_base_url
from upgrades.ocp.wire import BadCa
from upgrades.rules import Reason
from upgrades.services import credentials, endpoints
from upgrades.services.credentials import Credentials
from upgrades.services.moves import Invalid, TooLate, attempt_as_admin

_KEPT = (
    "name",
    "base_url",
    "account_name",
    "is_account_ours",
    "ca_file",
    "ca_pin",
    "is_http_allowed",
    "credentials_kind",
    "access_key",
    "upgrade_body",
)


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """An endpoint as somebody entered it. An empty `secret` stands for the stored one."""

    name: str
    base_url: str
    account_name: str
    kind: str
    access_key: str
    secret: str
    ca_pem: str
    is_http_allowed: bool
    is_account_ours: bool
    upgrade_body: str

    def on(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint` with what was entered, not saved. A CA file of the environment stays unless text replaces it."""
        endpoint.name, endpoint.account_name = self.name, self.account_name
        endpoint.base_url = self.base_url.rstrip("/")
        is_by_key = self.kind == CredentialsKind.ACCESS_KEY
        endpoint.credentials_kind, endpoint.access_key = self.kind, self.access_key if is_by_key else ""
        endpoint.ca_file = "" if self.ca_pem else endpoint.ca_file
        if self.ca_pem or not endpoint.ca_file:
            endpoint.ca_pin = hashlib.sha256(self.ca_pem.encode()).hexdigest() if self.ca_pem else ""
        endpoint.ca_pem = self.ca_pem
        endpoint.is_http_allowed, endpoint.is_account_ours = self.is_http_allowed, self.is_account_ours
        endpoint.upgrade_body = self.upgrade_body
        return endpoint


def add(*, actor: User, entry: Entry) -> Endpoint:
    """Add an endpoint and return it; the next tick reads it. Raises Forbidden, or Invalid with the field's name."""
    with attempt_as_admin("endpoint.add", actor=actor, subject=None):
        endpoint = entry.on(Endpoint())
        held = held_by(endpoint, entry)
        endpoint.base_url = checked_base_url(endpoint.base_url, is_http_allowed=endpoint.is_http_allowed)
        save(endpoint, held)
        audit.record("endpoint.add", actor=actor, subject=endpoint, after=facts(endpoint) | {"credentials": "new"})
    return endpoint


def edit(*, actor: User, endpoint: Endpoint, entry: Entry, lock_version: int) -> None:
    """Make `endpoint` what was entered; its address stays. Stored credentials stay where no secret was entered.

    Raises Forbidden; TooLate where somebody saved meanwhile, or the account would change while a run is open;
    Invalid with the field's name.
    """
    with attempt_as_admin("endpoint.edit", actor=actor, subject=endpoint):
        row = _locked(endpoint)
        if row.lock_version != lock_version:
            raise TooLate(Reason("endpoint.saved_meanwhile", {"name": row.name}))
        before = facts(row)
        entered = entry.on(row)
        entered.base_url = before["base_url"]
        if entered.account_name != before["account_name"]:
            require_no_open_run(row)
        held = held_by(entered, entry, before)
        save(entered, held if entry.secret else None)
        after = facts(entered)
        changed = {name for name, value in after.items() if value != before[name]}
        new = {"credentials": "new"} if entry.secret else {}
        audit.record(
            "endpoint.edit",
            actor=actor,
            subject=entered,
            before={name: before[name] for name in sorted(changed)},
            after={name: after[name] for name in sorted(changed)} | new,
        )
        if entry.secret:
            endpoints.close_breaker(entered)
    endpoint.refresh_from_db()


def switch(*, actor: User, endpoint: Endpoint, is_active: bool) -> None:
    """Let OCP be asked, or no more. Raises Forbidden; TooLate while a run is open there, or where it is so already."""
    action = "endpoint.switch_on" if is_active else "endpoint.switch_off"
    with attempt_as_admin(action, actor=actor, subject=endpoint):
        row = _locked(endpoint)
        if row.is_active == is_active:
            raise TooLate(Reason("endpoint.already_so", {"name": row.name}))
        if not is_active:
            require_no_open_run(row)
        Endpoint.objects.filter(pk=row.pk).update(is_active=is_active, lock_version=F("lock_version") + 1)
        if is_active:
            audit.record("endpoint.switch_on", actor=actor, subject=row)
        else:
            audit.record("endpoint.switch_off", actor=actor, subject=row)
    endpoint.refresh_from_db()


def held_by(endpoint: Endpoint, entry: Entry, before: dict[str, Any] | None = None) -> Credentials:
    """The credentials that `entry` gives `endpoint`, fit to sign with; the stored ones where it names no secret.

    before: the facts that the stored ones go with. Raises Invalid with the field's name.
    """
    if "PRIVATE KEY" in entry.ca_pem:
        raise Invalid(Reason("endpoint.key_in_ca"), "ca_pem")
    bound = ("account_name", "credentials_kind", "access_key")
    if entry.secret:
        held = Credentials(entry.secret, entry.kind, entry.access_key)
    elif before is None or not endpoint.credentials:
        raise Invalid(Reason("endpoint.secret_needed"), "secret")
    elif any(before[name] != getattr(endpoint, name) for name in bound):
        raise Invalid(Reason("endpoint.secret_missing"), "secret")
    else:
        try:
            held = credentials.unseal(endpoint)
        except credentials.Unreadable as unreadable:
            raise Invalid(unreadable.reason, "secret") from None
    try:
        held.signer(endpoint.account_name)
    except ValueError as error:
        field = "access_key" if entry.kind == CredentialsKind.ACCESS_KEY else "account_name"
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]}), field) from None
    try:
        endpoints.client_with(endpoint, held)
    except ValueError as error:
        field = "ca_pem" if isinstance(error, BadCa) else "base_url"
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]}), field) from None
    return held


def _locked(endpoint: Endpoint) -> Endpoint:
    """The row, locked against a run that begins: its key is referred to by it."""
    return Endpoint.objects.select_for_update().get(pk=endpoint.pk)


def require_no_open_run(endpoint: Endpoint) -> None:
    if UpgradeRun.objects.open().filter(endpoint_id=endpoint.pk).exists():
        raise TooLate(Reason("endpoint.run_open", {"name": endpoint.name}))


def save(endpoint: Endpoint, held: Credentials | None) -> None:
    """Write what was entered, with new credentials where given. Raises Invalid where name or address is taken."""
    if held is not None:
        endpoint.credentials = _sealed(endpoint, held)
    endpoint.lock_version += 1
    fields = [*_KEPT, "ca_pem", "credentials", "lock_version"]
    try:
        with transaction.atomic():
            # What the workers keep of their reading is theirs.
            endpoint.save(**({"update_fields": fields} if endpoint.pk else {"force_insert": True}))
    except IntegrityError as error:
        if "endpoint_address_once" in str(error):
            raise Invalid(Reason("endpoint.address_taken"), "base_url") from error
        raise Invalid(Reason("endpoint.name_taken", {"name": endpoint.name}), "name") from error


def _sealed(endpoint: Endpoint, held: Credentials) -> str:
    return credentials.seal(held, base_url=endpoint.base_url, account_name=endpoint.account_name)


def facts(endpoint: Endpoint) -> dict[str, Any]:
    """What the audit keeps of an endpoint: everything but secrets and the text of the CA, which `ca_pin` stands for."""
    return {name: getattr(endpoint, name) for name in _KEPT}
