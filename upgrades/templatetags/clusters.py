"""What the pages of clusters and packages need to show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.template.defaultfilters import truncatechars
from django.utils.translation import gettext as _

from upgrades import reasons
from upgrades.models import Cluster
from upgrades.templatetags.ocpdash import age_of

register = template.Library()


@register.filter
def of(values: Mapping[Any, Any], key: Any) -> Any:
    """The value of `key`; "" without one."""
    return values.get(key, "")


@register.filter
def cluster_name(cluster: Cluster) -> str:
    """The name, or OCP's id where OCP shows none: every link must have a text."""
    return reasons.plain(cluster.name).strip() or _("cluster %(ocp_id)s") % {"ocp_id": cluster.ocp_id}


@register.filter
def plain(value: str) -> str:
    """A word of OCP in which nothing turns or hides the text round it."""
    return reasons.plain(value)


@register.filter
def at_most(value: str, length: int) -> str:
    """What Django's truncatechars makes of it, which takes its time over each word that is short enough already."""
    return value if len(value) <= length else str(truncatechars(value, length))


@register.filter
def is_stale(value: datetime | None) -> bool:
    """Whether what was read then is too old to be called live."""
    return value is None or age_of(value) > settings.STALE_SECONDS
