"""The endpoint that the environment names, and what the audit tells of it."""

from typing import Any

from upgrades.models import AuditEvent, Endpoint
from upgrades.services import registration


def name(settings: Any) -> Any:
    """Give the settings an endpoint; they are returned, and a test may change them."""
    settings.OCP_URL = "https://ocp.example.com:8443"
    settings.OCP_USERNAME = "ocpdash"
    settings.OCP_PASSWORD = "correct horse"
    settings.OCP_ENDPOINT_NAME = "prod-shanghai"
    return settings


def registered() -> Endpoint:
    """The endpoint, registered now or changed with the settings."""
    found = registration.register_from_environment()
    assert found is not None
    return found


def actions() -> list[str]:
    """What the audit tells, oldest first."""
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
