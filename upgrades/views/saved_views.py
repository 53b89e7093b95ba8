"""Views of lists that people keep for themselves: what a list shows of them, and the acts on one."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from upgrades import reasons
from upgrades.forms.saved_views import FILTERS, NameForm, SaveForm, query_of
from upgrades.models import SavedView
from upgrades.services import saved_views
from upgrades.services.moves import Invalid
from upgrades.views.reader import reader


@dataclass(frozen=True, slots=True)
class Saved:
    """What stands above a list: the reader's views, the one that it shows now, and its filters to be kept."""

    page: str
    query: str
    views: list[SavedView]
    current: SavedView | None


def beside(request: HttpRequest, page: str) -> Saved:
    """The saved views of the reader for the list `page`, which shows what `request` asks for."""
    query = query_of(page, request.GET)
    views = list(SavedView.objects.filter(user=reader(request), page=page))
    return Saved(page, query, views, next((view for view in views if view.query == query), None))


@require_POST
def view_create(request: HttpRequest) -> HttpResponse:
    """Keep the filters of a list under a name; a name that is taken can be replaced by who says so."""
    user, form = reader(request), SaveForm(request.POST)
    form.is_valid()
    values = form.cleaned_data
    page = values.get("page", "")
    if page not in FILTERS:
        raise Http404
    name, replaces, query = values.get("name", ""), values["replaces"], query_of(page, values.get("query", ""))
    try:
        view = saved_views.save(user=user, page=page, name=name, query=query, replaces=replaces)
    except Invalid as refusal:
        form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
        facts = {"form": form, "page": page, "query": query, "list": address_of(page, query)}
        facts["is_taken"] = refusal.reason.code == "saved_view.name_taken"
        return render(request, "upgrades/saved_views/new.html", facts, status=400)
    messages.success(request, _("The view %(name)s was saved.") % {"name": reasons.plain(view.name)})
    return redirect(address_of(page, query))


@require_http_methods(["GET", "HEAD", "POST"])
def view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a view, or go on to delete it."""
    user = reader(request)
    view = get_object_or_404(SavedView, pk=pk, user=user)
    shown = reasons.plain(view.name)
    form = NameForm(request.POST or None, initial={"name": view.name})
    if request.method == "POST" and form.is_valid():
        try:
            saved_views.rename(view=view, name=form.cleaned_data["name"], actor=user)
        except Invalid as refusal:
            form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
        else:
            messages.success(request, _("The view is called %(name)s now.") % {"name": reasons.plain(view.name)})
            return redirect(address_of(view.page, view.query))
    facts = {"form": form, "view": view, "shown": shown, "list": address_of(view.page, view.query)}
    return render(request, "upgrades/saved_views/edit.html", facts, status=400 if form.errors else 200)


@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a view; the list stays as it is."""
    user = reader(request)
    view = get_object_or_404(SavedView, pk=pk, user=user)
    saved_views.delete(view=view, actor=user)
    messages.success(request, _("The view %(name)s was deleted.") % {"name": reasons.plain(view.name)})
    return redirect(address_of(view.page, view.query))


def address_of(page: str, query: str) -> str:
    """Where the list shows what was kept."""
    return reverse(f"{page}-list") + (f"?{query}" if query else "")
