"""Upgrade runs: the list, the live page, and what the open page asks for by itself."""

import time
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from upgrades import live, selectors
from upgrades.forms.request_filters import RunFilterForm
from upgrades.models import UpgradeRun
from upgrades.rules import workflow
from upgrades.services import runs
from upgrades.views import (
    keyset,
    run_actions,
    run_banners,
    run_chosen,
    run_events,
    run_facts,
    run_log_pane,
    run_servers,
    run_standing,
    run_timeline,
    saved_views,
)
from upgrades.views.reader import number_of, reader
from upgrades.views.run_address import Address
from upgrades.views.run_graph import RunDrawing


@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """The runs that the reader may see, newest first."""
    form = RunFilterForm(request.GET)
    filters = form.chosen()
    found = selectors.run_list(reader(request), filters)
    before = number_of(request.GET.get("before", ""))
    page = keyset.page_of(found if before is None else selectors.runs_before(found, before), before)
    facts = {"page": page, "form": form, "filters": filters, "saved": saved_views.beside(request, "runs")}
    return render(request, "upgrades/runs/list.html", facts)


@require_safe
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The live page of one run; ?jump=current or failure leads to the subtask that is so now."""
    facts = _facts(request, pk)
    jump = request.GET.get("jump")
    if jump in ("current", "failure"):
        drawing: RunDrawing = facts["drawing"]
        key = next(iter(drawing.current if jump == "current" else drawing.failed), "")
        return redirect(
            f"{request.path}{replace(drawing.address, centre='').showing(key)}#{f'n-{key}' if key else 'graph'}"
        )
    return render(request, "upgrades/runs/detail.html", facts)


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
    facts = {"run": run, "log": run_log_pane.log_of(run, address, address.node)}
    return render(request, "upgrades/runs/_log.html", facts)


@require_safe
def run_log_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The kept log of the chosen subtask as a text file."""
    run = get_object_or_404(UpgradeRun.objects.visible_to(reader(request)), pk=pk)
    address = Address.read(request.GET)
    row = run_log_pane.row_of(run, address.node) if address.node else None
    if row is None:
        raise Http404
    name = f"{run.number}-{address.node.replace('/', '-')}.log"
    response = HttpResponse(run_log_pane.file_of(row), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@gzip_page
@require_safe
def run_snapshot(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole state as JSON; 304 while nothing moved. How fresh it is stands in the headers, of a 304 too."""
    mark = selectors.run_mark(pk, reader(request))
    if mark is None:
        raise Http404
    _watch(pk, Address.read(request.GET))
    if request.headers.get("If-None-Match") == mark.etag:
        return HttpResponseNotModified(headers=mark.headers)
    return HttpResponse(selectors.run_snapshot(mark), content_type="application/json", headers=mark.headers)


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
    fresh, holds = run_facts.freshness(mark), list(run.holds.select_related("cluster"))
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
        **_timeline(pk, drawing),
        "ocp_failure": run_banners.sentence(run.endpoint.failure) if fresh.ocp_since else "",
        "holds": holds,
        "servers": run_servers.servers_of(run),
        "standing": run_standing.standing_of(run, drawing.graph, is_held=bool(holds), now=now),
        "may_look_again": run.status in (workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES),
        "ended_in_ocp_at": run.ended_at or (run.status_at if run.is_final else None),
        "stale_seconds": int(settings.STALE_SECONDS),
        "silent_seconds": settings.SILENT_SECONDS,
    }


def _timeline(pk: int, drawing: RunDrawing) -> dict[str, Any]:
    """What happened, read only by the view that shows it."""
    if drawing.address.view == "events":
        return {"events": run_events.events_of(selectors.run_timeline(pk), drawing)}
    if drawing.address.view == "timeline":
        return {"bars": run_timeline.bars_of(selectors.run_timeline(pk), drawing)}
    return {}
