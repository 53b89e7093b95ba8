"""Path files: upload one, read what it would change, put it in force, take it out of force."""

from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.path_files import PathFileForm
from upgrades.models import Endpoint, PathFile, User
from upgrades.rules import path_changes
from upgrades.rules.stops import known_graph
from upgrades.services import path_files
from upgrades.services.moves import Invalid, is_admin_of_all, require_admin
from upgrades.views.reader import number_of, reader

_Row = TypeVar("_Row", Endpoint, PathFile)


@require_http_methods(["GET", "HEAD", "POST"])
def file_create(request: HttpRequest) -> HttpResponse:
    """Keep a new file for an endpoint; the next page says what it would change."""
    user = reader(request)
    wanted = Endpoint.objects.filter(pk=number_of(request.GET.get("endpoint", "")) or 0).first()
    require_admin("path_file.upload", actor=user, subject=wanted)
    endpoint = _found(wanted)
    form = PathFileForm(request.POST, request.FILES) if request.method == "POST" else PathFileForm()
    if request.method == "POST" and form.is_valid():
        try:
            row = path_files.upload(endpoint=endpoint, text=form.cleaned_data["text"], actor=user)
        except Invalid as refusal:
            text = form.cleaned_data["text"]
            form.add_error("text", reasons.sentence(refusal.reason))
            # What came as a file stands in the field from now on, so that it can be mended on the page.
            form.data = {"text": text}
            return _form_page(request, endpoint, form, line=refusal.reason.params.get("line"))
        messages.success(request, _("The file is kept. It is not in force yet: read what it would change."))
        return redirect("paths-detail", row.pk)
    return _form_page(request, endpoint, form)


def _form_page(request: HttpRequest, endpoint: Endpoint, form: PathFileForm, *, line: object = None) -> HttpResponse:
    facts = {"endpoint": endpoint, "form": form, "around": _around(str(form["text"].value() or ""), line)}
    return render(request, "upgrades/paths/form.html", facts, status=400 if form.errors else 200)


def _around(text: str, line: object) -> list[tuple[int, str, bool]]:
    """The line that is wrong with its neighbours: number, text, whether it is the one."""
    if not isinstance(line, int):
        return []
    lines = text.replace("\r\n", "\n").split("\n")
    return [(at + 1, lines[at][:200], at + 1 == line) for at in range(max(0, line - 3), min(len(lines), line + 2))]


@require_safe
def file_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One kept file: what it would change against what is in force, and for which requests."""
    user = reader(request)
    row = _visible(user, pk)
    in_force = selectors.path_file_in_force(row.endpoint_id)
    graph = selectors.graph_of_sha256(row.sha256)
    before = known_graph() if row.is_active or in_force is None else selectors.graph_of_sha256(in_force.sha256)
    # Of the one in force the page says what taking it out would mean.
    then = before if row.is_active else graph
    facts = {
        "file": row,
        "in_force": in_force,
        "changes": path_changes.changes(before, graph),
        "stop_count": len(graph.stops),
        "effects": path_files.effects(row.endpoint, then, user),
        "lines": row.text.split("\n"),
        "why_not": "" if is_admin_of_all(user) else _("Admins of all environments can do this."),
    }
    return render(request, "upgrades/paths/detail.html", facts)


@require_POST
def file_activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a kept file in force."""
    user = reader(request)
    kept = PathFile.objects.select_related("endpoint").filter(pk=pk).first()
    require_admin("path_file.activate", actor=user, subject=kept)
    row = _found(kept)
    path_files.activate(path_file=row, in_force=number_of(request.POST.get("in_force", "")), actor=user)
    words = _("The file is in force at %(name)s. Plans of requests that wait are rebuilt at the next read.")
    messages.success(request, words % {"name": row.endpoint})
    return redirect(_list_url(row))


@require_POST
def file_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file out of force."""
    user = reader(request)
    kept = PathFile.objects.select_related("endpoint").filter(pk=pk).first()
    require_admin("path_file.remove", actor=user, subject=kept)
    row = _found(kept)
    path_files.remove(path_file=row, actor=user)
    messages.success(request, _("The published graph holds again at %(name)s.") % {"name": row.endpoint})
    return redirect(_list_url(row))


def _found(row: _Row | None) -> _Row:
    """What an admin asked for. Raises Http404, after the question of rights, which is audited with what it was for."""
    if row is None:
        raise Http404
    return row


def _visible(user: User, pk: int) -> PathFile:
    rows = PathFile.objects.filter(endpoint__in=Endpoint.objects.visible_to(user))
    return get_object_or_404(rows.select_related("endpoint", "uploaded_by", "activated_by"), pk=pk)


def _list_url(row: PathFile) -> str:
    return f"{reverse('paths-list')}?endpoint={row.endpoint_id}"
