"""/metrics, for Prometheus: a bearer token of its own, or nothing at all.

The text format is Prometheus' own (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4).
"""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from upgrades import selectors
from upgrades.selectors import Family


class _Told(Collector):
    """The families of one answer, as prometheus-client takes them."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        for family in self._families:
            kind = CounterMetricFamily if family.is_counter else GaugeMetricFamily
            metric = kind(family.name, family.text, labels=family.labels)
            for values, number in family.samples:
                metric.add_metric(values, number)
            yield metric


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, for whoever shows METRICS_TOKEN: 401 for others, 404 for all where none is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    try:
        told = selectors.metrics()
    except Error:
        return HttpResponse(status=503)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(told))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
