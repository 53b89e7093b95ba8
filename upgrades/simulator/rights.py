"""OCP's default roles, and what each of its calls asks for.

Source of the roles: ocp-doc V4.2.2, system management features, "OCP default roles". A right is
`RESOURCE:id:ACTION`; `*` stands for any part, at the end for all that follow, `**` for everything.
"""

from collections.abc import Iterable

ROLES: dict[str, tuple[str, ...]] = {
    "ADMIN": ("**",),
    "CLUSTER_MANAGER": (
        "CLUSTER:*:*", "HOST:*:*", "TASK:*:*", "ALARM:*:*", "USER:*:READ", "PACKAGE:*:*", "OBPROXY:*:*",
    ),
    "CLUSTER_VIEWER": (
        "CLUSTER:*:READ", "HOST:*:READ", "TASK:*:READ", "ALARM:*:READ", "PACKAGE:*:READ", "OBPROXY:*:READ",
    ),
    "TASK_MANAGER": ("TASK:*:*",),
    "PACKAGE_MANAGER": ("PACKAGE:*:*",),
    "PACKAGE_VIEWER": ("PACKAGE:*:READ",),
    "TENANT_MANAGER": (
        "CLUSTER:*:TENANT:*:*", "CLUSTER:*:READ", "HOST:*:READ", "TASK:*:READ", "ALARM:*:READ", "OBPROXY:*:READ",
    ),
    "TENANT_VIEWER": (
        "CLUSTER:*:TENANT:*:READ", "CLUSTER:*:READ", "HOST:*:READ", "TASK:*:READ", "ALARM:*:READ", "OBPROXY:*:READ",
    ),
    "BACKUP_MANAGER": (
        "CLUSTER:*:BACKUP:*:*", "CLUSTER:*:READ", "CLUSTER:*:TENANT:*:READ", "HOST:*:READ", "ALARM:*:READ",
        "TASK:*:*", "PACKAGE:*:*",
    ),
    "ALARM_MANAGER": ("ALARM:*:*", "CLUSTER:*:READ", "TENANT:*:READ", "HOST:*:READ", "USER:*:READ"),
    "ALARM_VIEWER": ("ALARM:*:READ", "CLUSTER:*:READ", "TENANT:*:READ", "HOST:*:READ", "USER:*:READ"),
    "AUDIT_VIEWER": ("AUDIT:*:READ",),
    "HOST_MANAGER": ("HOST:*:*", "PACKAGE:*:*"),
    "HOST_VIEWER": ("HOST:*:READ", "PACKAGE:*:READ"),
    "INSPECTION_MANAGER": ("INSPECTION:*:*",),
    "OBPROXY_MANAGER": ("OBPROXY:*:*", "PACKAGE:*:*", "CLUSTER:*:READ", "HOST:*:READ"),
    "OBPROXY_VIEWER": ("OBPROXY:*:READ", "PACKAGE:*:READ", "CLUSTER:*:READ", "HOST:*:READ"),
    "PROFILE": ("PROFILE:*:*",),
    "PROPERTY_MANAGER": ("PROPERTY:*:*",),
    "ROLE_MANAGER": ("ROLE:*:*",),
    "USER_MANAGER": ("USER:*:*", "ROLE:*:READ"),
}  # fmt: skip


def allows(roles: Iterable[str], needed: str) -> bool:
    """Say whether somebody with these roles has the right `needed`; a custom role is written as the right it gives."""
    return any(_covers(right, needed) for role in roles for right in ROLES.get(role, (role,)))


def _covers(right: str, needed: str) -> bool:
    if right == "**":
        return True
    given, asked = right.split(":"), needed.split(":")
    if len(given) != len(asked) and not (given[-1] == "*" and len(given) < len(asked)):
        return False
    return all(part in ("*", other) for part, other in zip(given, asked, strict=False))
