"""Packages, as their list and their page read them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from upgrades.models import Package
from upgrades.rules import paths

_COLUMNS = {"architecture": "architecture", "system": "operating_system", "endpoint": "endpoint__name"}


def package_list(filters: Mapping[str, Any]) -> QuerySet[Package]:
    """The packages that `filters` leave, in no order.

    `filters`: q (part of the file name, or the beginning of its sha1), architecture, system, endpoint (its name), only
    ("replaced", "others": no packages of OceanBase itself, "gone": no longer in OCP's repository).
    """
    only = filters.get("only")
    rows = Package.objects.filter(missing_since__isnull=only != "gone").order_by()
    if only == "replaced":
        rows = rows.exclude(replaced_at=None)
    elif only != "gone":
        rows = rows.exclude(type=paths.SERVER_PACKAGE) if only == "others" else rows.filter(type=paths.SERVER_PACKAGE)
    if filters.get("q"):
        rows = rows.filter(Q(file_name__icontains=filters["q"]) | Q(sha1__startswith=filters["q"].lower()))
    for name, column in _COLUMNS.items():
        if filters.get(name):
            rows = rows.filter(**{column: filters[name]})
    return rows
