"""Which OCPs there are: what the environment names."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from upgrades import audit
from upgrades.models import Endpoint, UpgradeRun
from upgrades.ocp.client import OcpClient
from upgrades.rules import Reason
from upgrades.services import credentials, endpoints
from upgrades.services.credentials import Credentials
from upgrades.services.moves import Invalid, TooLate

_IDENTITY = ("base_url", "account_name")


def register_from_environment() -> Endpoint | None:
    """Make the endpoint of OCP_ENDPOINT_NAME what the settings say, and return it; None where they name no OCP.

    A second call changes nothing. An endpoint that somebody renamed is found by its address and account, and keeps
    its new name. Raises Invalid where the settings name no usable OCP, and TooLate where address or account differ
    while a run is open: that run is bound to them. Password and CA may rotate at any time.
    """
    if not settings.OCP_URL:
        return None
    wanted, secret = _wanted(), Credentials(settings.OCP_PASSWORD)
    with transaction.atomic():
        endpoint = _described(wanted) or _create(wanted, secret)
        _update(endpoint, wanted, secret)
    return endpoint


def _wanted() -> dict[str, Any]:
    try:
        ca_pin = hashlib.sha256(Path(settings.OCP_CA_FILE).read_bytes()).hexdigest() if settings.OCP_CA_FILE else ""
        signer = Credentials(settings.OCP_PASSWORD).signer(settings.OCP_USERNAME)
        OcpClient(settings.OCP_URL, signer, settings.OCP_CA_FILE or None, settings.OCP_ALLOW_HTTP)
    except (OSError, ValueError) as error:
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]})) from error
    return {
        "name": settings.OCP_ENDPOINT_NAME[:100],
        "base_url": settings.OCP_URL.rstrip("/"),
        "account_name": settings.OCP_USERNAME,
        "is_account_ours": settings.OCP_ACCOUNT_IS_OURS,
        "ca_file": settings.OCP_CA_FILE,
        "ca_pin": ca_pin,
        "is_http_allowed": settings.OCP_ALLOW_HTTP,
    }


def _described(wanted: dict[str, Any]) -> Endpoint | None:
    rows = Endpoint.objects.select_for_update()
    identity = {name: wanted[name] for name in _IDENTITY}
    return rows.filter(name=wanted["name"]).first() or rows.filter(**identity).order_by("pk").first()


def _create(wanted: dict[str, Any], secret: Credentials) -> Endpoint:
    sealed = _sealed(wanted, secret)
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(**wanted, credentials=sealed)
    except IntegrityError:
        # Another worker started in the same moment.
        return Endpoint.objects.select_for_update().get(name=wanted["name"])
    audit.record("endpoint.register", subject=endpoint, after=wanted)
    return endpoint


def _update(endpoint: Endpoint, wanted: dict[str, Any], secret: Credentials) -> None:
    before = {name: getattr(endpoint, name) for name in wanted if name != "name"}
    changes = {name: wanted[name] for name, value in before.items() if wanted[name] != value}
    is_new_secret = any(name in changes for name in _IDENTITY) or not _holds(endpoint, secret)
    if not changes and not is_new_secret:
        return
    sealed = {"credentials": _sealed(wanted, secret)} if is_new_secret else {}
    rows = Endpoint.objects.filter(pk=endpoint.pk)
    if any(name in changes for name in _IDENTITY):
        # A run that begins in this very moment is safe too: its plan, rebuilt in T1, names another address.
        rows = rows.exclude(pk__in=UpgradeRun.objects.open().values("endpoint_id"))
    if rows.update(**changes, **sealed) != 1:
        raise TooLate(Reason("endpoint.run_open", {"name": endpoint.name}))
    endpoint.refresh_from_db()
    after = changes | ({"credentials": "new"} if is_new_secret else {})
    audit.record("endpoint.register", subject=endpoint, before={name: before[name] for name in changes}, after=after)
    if is_new_secret:
        endpoints.close_breaker(endpoint)


def _sealed(wanted: dict[str, Any], secret: Credentials) -> str:
    return credentials.seal(secret, base_url=wanted["base_url"], account_name=wanted["account_name"])


def _holds(endpoint: Endpoint, secret: Credentials) -> bool:
    try:
        return credentials.unseal(endpoint) == secret
    except credentials.Unreadable:
        return False
