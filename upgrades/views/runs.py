"""Upgrade runs: the list, the live page, and what the open page asks for by itself."""

import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from upgrades import live, selectors
from upgrades.forms.runs import RunFilterForm
from upgrades.models import UpgradeRun
from upgrades.rules import workflow
from upgrades.services import runs
from upgrades.views import run_actions, run_banners, run_chosen, run_facts, saved_views
from upgrades.views.reader import reader
from upgrades.views.run_address import Address
from upgrades.views.run_graph import RunDrawing

PAGE = 50
EVENTS = 200


@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """The runs that the reader may see, newest first."""
    filters = RunFilterForm(request.GET).chosen()
    found = selectors.run_list(reader(request), filters)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "filters": filters, "saved": saved_views.beside(request, "runs")}
    return render(request, "upgrades/runs/list.html", facts)


@require_safe
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The live page of one run."""
    return render(request, "upgrades/runs/detail.html", _facts(request, pk))


@require_safe
def run_graph(request: HttpRequest, pk: int) -> HttpResponse:
    """What moves of the page, without its frame: head, banners, figures, graph, the chosen subtask."""
    return render(request, "upgrades/runs/_regions.html", _facts(request, pk))


@require_safe
def run_log(request: HttpRequest, pk: int) -> HttpResponse:
    """The log of the chosen subtask alone."""
    run = get_object_or_404(UpgradeRun.objects.visible_to(reader(request)), pk=pk)
    address = Address.read(request.GET)
    if not address.node:
        raise Http404
    _watch(pk, address)
    return render(request, "upgrades/runs/_log.html", {"log": run_chosen.log_of(run, address.node)})


@gzip_page
@require_safe
def run_snapshot(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole state as JSON; 304 while nothing moved. How fresh it is stands in the headers, of a 304 too."""
    mark = selectors.run_mark(pk, reader(request))
    if mark is None:
        raise Http404
    _watch(pk, Address.read(request.GET))
    response: HttpResponse
    if request.headers.get("If-None-Match") == mark.etag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(selectors.run_snapshot(mark), content_type="application/json")
    response.headers["ETag"] = mark.etag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Observed-At"] = mark.pulse["observed_at"] or ""
    response.headers["Heartbeat-At"] = mark.pulse["heartbeat_at"] or ""
    return response


@require_POST
def run_look_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for an early look at the servers."""
    user = reader(request)
    run = selectors.run_detail(pk, user)
    runs.look_again(run=run, actor=user)
    messages.success(request, _("A Celery worker looks at the servers of %(number)s again.") % {"number": run.number})
    return redirect("runs-detail", pk)


def _watch(pk: int, address: Address) -> None:
    live.watch(pk, address.node, now=time.time())


def _facts(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Everything the page shows. The number of queries does not depend on the number of subtasks."""
    user = reader(request)
    run = selectors.run_detail(pk, user)
    mark = selectors.run_mark(pk, user)
    if mark is None:
        raise Http404
    address, now = Address.read(request.GET), timezone.now()
    plan = run_facts.plan_of(run)
    drawing = RunDrawing(selectors.run_graph(pk), address, plan.hop_versions, now)
    chosen = run_chosen.chosen(run, drawing)
    _watch(pk, address)
    fresh = run_facts.freshness(mark)
    return {
        "run": run,
        "plan": plan,
        "mark": mark,
        "fresh": fresh,
        "address": address,
        "drawing": drawing,
        "gauge": run_facts.gauge(run, drawing, plan),
        "chosen": chosen,
        "actions": run_actions.panel(run, chosen.step if chosen else None, user),
        "banners": run_banners.of(run_banners.Facts(run, drawing, plan, fresh)),
        "events": list(run.subtask_events.select_related("action__asker").order_by("-pk")[: EVENTS + 1]),
        "events_most": EVENTS,
        "ocp_failure": run_banners.sentence(run.endpoint.failure) if fresh.ocp_since else "",
        "holds": list(run.holds.select_related("cluster")),
        "may_look_again": run.status in (workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES),
        "ended_in_ocp_at": run.ended_at or (run.status_at if run.is_final else None),
        "stale_seconds": int(settings.STALE_SECONDS),
        "silent_seconds": run_facts.SILENT_SECONDS,
    }
