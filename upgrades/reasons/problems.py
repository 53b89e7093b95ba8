"""Problem details: how a program is told why something failed (RFC 9457), in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from upgrades import audit, reasons
from upgrades.rules import Reason

MEDIA_TYPE = "application/problem+json"
# Parameters, and keys of plans and evidence, that are ids of OCP: Java Longs, which JSON's numbers may not hold.
_OCP_IDS = frozenset(
    {"ocp_id", "ocp_ids", "ocp_task_id", "task_id", "task_ids", "candidates", "cluster_ocp_id", "cluster_id"}
    | {"ob_cluster_id", "leftover_ids", "id"}
)


def texted(value: Any, *, is_id: bool = False) -> Any:
    """Plain JSON whose ids of OCP are texts."""
    if isinstance(value, Mapping):
        return {name: texted(item, is_id=name in _OCP_IDS) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [texted(item, is_id=is_id) for item in value]
    return str(value) if is_id and isinstance(value, int) else value


def told(reason: Reason | None) -> dict[str, Any] | None:
    """A reason as a program reads it: its code, its parameters, its sentence."""
    if reason is None:
        return None
    stored = reason.to_json()
    return {"code": stored["code"], "params": texted(stored["params"]), "detail": reasons.sentence(reason)}


def problem(status: int, reason: Reason, *, field: str = "") -> dict[str, Any]:
    """The problem's members: the registered ones, the reason's code and parameters, the field where there is one."""
    found: dict[str, Any] = {
        "type": f"urn:ocpdash:problem:{reason.code}",
        "title": _title_of(status),
        "status": status,
        **(told(reason) or {}),
        "request_id": audit.origin.get().request_id,
    }
    if field:
        found["field"] = field
    return found


def _title_of(status: int) -> str:
    """What the status means, the same for every problem of that status."""
    titles = {
        400: _("What was sent cannot be taken"),
        401: _("Not signed in"),
        403: _("Not permitted"),
        404: _("Not there, or not to be seen"),
        405: _("No such method here"),
        406: _("No such format here"),
        409: _("Too late, or too early"),
        413: _("Too large"),
        415: _("Another type is needed"),
        422: _("The key belongs to another call"),
        429: _("Too many tries"),
        503: _("Away for a while"),
    }
    return titles.get(status, _("ocpdash failed"))
