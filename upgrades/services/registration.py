"""The endpoint that the environment names: a worker that starts makes it what OCP_* says."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from upgrades import audit
from upgrades.models import AuditEvent, CredentialsKind, Endpoint
from upgrades.ocp.address import checked_base_url
from upgrades.rules import Reason
from upgrades.services import administration, credentials, endpoints, identity
from upgrades.services.credentials import Credentials
from upgrades.services.moves import Invalid

_IDENTITY = ("base_url", "account_name")


def is_from_environment(endpoint: Endpoint) -> bool:
    """Whether a worker that starts makes this endpoint what OCP_* says: what is edited does not last."""
    if not settings.OCP_URL:
        return False
    found = _described(Endpoint.objects.all(), _named())
    return found is not None and found.pk == endpoint.pk


def register_from_environment() -> Endpoint | None:
    """Make the endpoint of OCP_ENDPOINT_NAME what the settings say, and return it; None where they name no OCP.

    A second call changes nothing. An endpoint that somebody renamed is found by its address and account, and keeps
    its new name; the address of one that the environment never named is never moved. Raises Invalid where the settings
    name no usable OCP, or another endpoint's name or address, and TooLate where address or account differ
    while a run is open: that run is bound to them. Password and CA may rotate at any time.
    """
    if not settings.OCP_URL:
        return None
    wanted, held = _wanted(), Credentials(settings.OCP_PASSWORD)
    with transaction.atomic():
        found = _described(Endpoint.objects.select_for_update(), wanted)
        if found is None:
            return _create(wanted, held)
        _update(found, wanted, held)
    return found


def _named() -> dict[str, str]:
    """What tells which endpoint the environment means."""
    return {
        "name": settings.OCP_ENDPOINT_NAME[:100],
        "base_url": settings.OCP_URL.rstrip("/"),
        "account_name": settings.OCP_USERNAME,
    }


def _wanted() -> dict[str, Any]:
    """The columns as the environment has them. Raises Invalid."""
    try:
        ca_pin = hashlib.sha256(Path(settings.OCP_CA_FILE).read_bytes()).hexdigest() if settings.OCP_CA_FILE else ""
    except OSError as error:
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]})) from error
    wanted = {
        **_named(),
        "is_account_ours": settings.OCP_ACCOUNT_IS_OURS,
        "ca_file": settings.OCP_CA_FILE,
        "ca_pem": "",
        "ca_pin": ca_pin,
        "is_http_allowed": settings.OCP_ALLOW_HTTP,
        "credentials_kind": str(CredentialsKind.BASIC),
        "access_key": "",
    }
    try:
        endpoints.client_with(Endpoint(**wanted), Credentials(settings.OCP_PASSWORD))
        wanted["base_url"] = checked_base_url(settings.OCP_URL, is_http_allowed=settings.OCP_ALLOW_HTTP)
    except ValueError as error:
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]})) from error
    return wanted


def _described(rows: QuerySet[Endpoint], named: dict[str, Any]) -> Endpoint | None:
    """The endpoint of this address and account, else the one of this name that the environment once named."""
    identity = {"base_url__iexact": named["base_url"], "account_name": named["account_name"]}
    found = rows.filter(**identity).first()
    if found is None:
        found = rows.filter(name=named["name"]).first()
        if found is not None and not _was_registered(found):
            return None
    return found


def _was_registered(endpoint: Endpoint) -> bool:
    events = AuditEvent.objects.filter(action="endpoint.register", outcome=AuditEvent.Outcome.DONE)
    return events.filter(subject_type="endpoint", subject_id=str(endpoint.pk)).exists()


def _create(wanted: dict[str, Any], held: Credentials) -> Endpoint:
    endpoint = Endpoint(**wanted)
    try:
        administration.save(endpoint, held)
    except Invalid:
        # Another worker started in the same moment, unless the name belongs to somebody else's endpoint.
        found = _described(Endpoint.objects.all(), wanted)
        if found is None:
            raise
        return found
    audit.record("endpoint.register", subject=endpoint, after=administration.facts(endpoint))
    return endpoint


def _update(endpoint: Endpoint, wanted: dict[str, Any], held: Credentials) -> None:
    before = {name: getattr(endpoint, name) for name in wanted if name != "name"}
    if wanted["base_url"].lower() == before["base_url"].lower():
        # Another spelling is no other address: credentials are sealed for the one that is kept, plans name it.
        wanted = wanted | {"base_url": before["base_url"]}
    changes = {name: wanted[name] for name, value in before.items() if wanted[name] != value}
    is_moved = any(name in changes for name in _IDENTITY)
    is_new_secret = is_moved or not _holds(endpoint, held)
    if not changes and not is_new_secret:
        return
    if is_moved:
        administration.require_no_open_run(endpoint)
    for name, value in changes.items():
        setattr(endpoint, name, value)
    administration.save(endpoint, held if is_new_secret else None)
    if "base_url" in changes:
        identity.forget_words(endpoint.pk)
    changes.pop("ca_pem", None)
    after = changes | ({"credentials": "new"} if is_new_secret else {})
    audit.record("endpoint.register", subject=endpoint, before={name: before[name] for name in changes}, after=after)
    if is_new_secret:
        endpoints.close_breaker(endpoint)


def _holds(endpoint: Endpoint, held: Credentials) -> bool:
    try:
        return credentials.unseal(endpoint).secret == held.secret
    except credentials.Unreadable:
        return False
