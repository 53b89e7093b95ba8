"""The endpoints' pages: list, one endpoint, new, edit. Everybody looks, admins of all environments change."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.address_changes import AddressForm
from upgrades.forms.endpoints import EndpointForm
from upgrades.models import Cluster, Endpoint, UpgradeRun, User
from upgrades.rules import Reason
from upgrades.services import address_changes, administration, identity, registration, trying
from upgrades.services.administration import Entry
from upgrades.services.moves import Invalid, Refusal, TooLate, is_admin_of_all, require_admin
from upgrades.views import endpoint_facts
from upgrades.views.reader import reader


def _counted(user: User) -> QuerySet[Endpoint]:
    """Endpoints with how many clusters each shows, and how many runs are open there."""
    clusters = _count(Cluster.objects.filter(missing_since=None))
    runs = _count(UpgradeRun.objects.open())
    return Endpoint.objects.visible_to(user).annotate(cluster_count=clusters, run_count=runs)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many of `rows` an endpoint has, counted by itself: two joins would multiply."""
    found = rows.filter(endpoint=OuterRef("pk")).order_by().values("endpoint").annotate(count=Count("pk"))
    return Coalesce(Subquery(found.values("count")), 0)


def _admin_and_endpoint(request: HttpRequest, pk: int, action: str) -> tuple[User, Endpoint]:
    """The signed-in admin and the endpoint to be changed. Raises Forbidden, which is audited, before Http404."""
    admin = reader(request)
    endpoint = Endpoint.objects.filter(pk=pk).first()
    require_admin(action, actor=admin, subject=endpoint)
    if endpoint is None:
        raise Http404
    return admin, endpoint


@require_safe
def endpoint_list(request: HttpRequest) -> HttpResponse:
    """Every OCP: where it is, how it is read, what it holds."""
    user = reader(request)
    rows = [(endpoint, endpoint_facts.state_of(endpoint)) for endpoint in _counted(user)]
    context = {"rows": rows, "cannot_change": _why_not(user), "silent": selectors.silent_parts()}
    return render(request, "upgrades/endpoints/list.html", context)


@require_safe
def endpoint_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One OCP: its state with the remedy, what was entered, and what an admin may do."""
    user = reader(request)
    return _detail(request, user, get_object_or_404(_counted(user), pk=pk))


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint_create(request: HttpRequest) -> HttpResponse:
    """A new endpoint."""
    admin = reader(request)
    require_admin("endpoint.add", actor=admin, subject=None)
    form = EndpointForm(request.POST or None)
    if form.is_valid():
        try:
            if _is_test(request):
                return _form(request, form, test=trying.try_entered(actor=admin, endpoint=None, entry=_entry(form)))
            endpoint = administration.add(actor=admin, entry=_entry(form))
        except Invalid as refusal:
            form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
        except TooLate as late:
            return _form(request, form, refusal=late.reason)
        else:
            messages.success(request, _("%(name)s was added. It is read within a minute.") % {"name": endpoint})
            return redirect("endpoints-detail", endpoint.pk)
    return _form(request, form)


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, account or CA, new credentials, the two switches."""
    admin, endpoint = _admin_and_endpoint(request, pk, "endpoint.edit")
    form = EndpointForm(request.POST or None, endpoint=endpoint)
    refusal: Reason | None = None
    if form.is_valid():
        try:
            if _is_test(request):
                lines = trying.try_entered(actor=admin, endpoint=endpoint, entry=_entry(form))
                return _form(request, form, endpoint, test=lines)
            administration.edit(actor=admin, endpoint=endpoint, entry=_entry(form), lock_version=form.lock())
        except Invalid as invalid:
            form.add_error(invalid.field or None, reasons.sentence(invalid.reason))
        except TooLate as late:
            refusal = late.reason
            endpoint.refresh_from_db()
        else:
            messages.success(request, _("%(name)s was saved.") % {"name": endpoint})
            return redirect("endpoints-detail", pk)
    return _form(request, form, endpoint, refusal=refusal)


def _is_test(request: HttpRequest) -> bool:
    """Whether the button was the one that tries what stands in the form."""
    return request.POST.get("do") == "test"


def _entry(form: EndpointForm) -> Entry:
    return Entry(**form.entered())


def _form(
    request: HttpRequest,
    form: EndpointForm,
    endpoint: Endpoint | None = None,
    *,
    refusal: Reason | None = None,
    test: list[trying.Line] | None = None,
) -> HttpResponse:
    is_save_refused = refusal is not None and not _is_test(request)
    facts = {
        "form": form,
        "endpoint": endpoint,
        "refusal": refusal,
        # After somebody else's save, saving once more means: over it. A test says nothing of what others saved.
        "lock": endpoint.lock_version if endpoint and is_save_refused else form["lock_version"].value(),
        "is_from_environment": endpoint is not None and registration.is_from_environment(endpoint),
        "is_test": _is_test(request),
        "wrong": " ".join(str(error) for errors in form.errors.values() for error in errors),
        "test": endpoint_facts.tested(test) if test is not None else None,
    }
    return render(request, "upgrades/endpoints/form.html", facts, status=409 if refusal else 200)


@require_POST
def endpoint_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Try the stored credentials now, and show what came of it on the endpoint's page."""
    admin, endpoint = _admin_and_endpoint(request, pk, "endpoint.test")
    try:
        lines = trying.try_stored(actor=admin, endpoint=endpoint)
    except Invalid as refusal:
        messages.error(request, reasons.sentence(refusal.reason))
        return redirect("endpoints-detail", pk)
    return _detail(request, admin, get_object_or_404(_counted(admin), pk=pk), test=lines)


@require_POST
def endpoint_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose another address; a second admin confirms it on this page."""
    admin, endpoint = _admin_and_endpoint(request, pk, "decision.propose")
    form = AddressForm(request.POST)
    form.is_valid()
    given = form.cleaned_data
    try:
        address_changes.propose(
            endpoint=endpoint,
            base_url=given.get("base_url", ""),
            is_http_allowed=given.get("is_http_allowed", False),
            purpose=given.get("purpose", ""),
            evidence_hash=given.get("evidence_hash", ""),
            actor=admin,
        )
    except (TooLate, Invalid) as refusal:
        return address_again(request, pk, refusal, form)
    messages.success(request, _("It is proposed. Another admin must confirm it on the same evidence."))
    return redirect("endpoints-detail", pk)


def address_again(request: HttpRequest, pk: int, refusal: Refusal, form: AddressForm | None = None) -> HttpResponse:
    """The endpoint's page after a refusal about its address, with what was typed."""
    user = reader(request)
    if form is not None and isinstance(refusal, Invalid) and not form.errors:
        form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
    endpoint = get_object_or_404(_counted(user), pk=pk)
    panel = endpoint_facts.address_panel(endpoint, user, form=form, refusal=refusal.reason)
    status = 409 if isinstance(refusal, TooLate) else 400
    return _detail(request, user, endpoint, address=panel, status=status)


@require_POST
def endpoint_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch an endpoint on or off."""
    wanted = request.POST.get("to", "")
    action = "endpoint.switch_on" if wanted == "on" else "endpoint.switch_off"
    admin, endpoint = _admin_and_endpoint(request, pk, action)
    if wanted not in ("on", "off"):
        raise BadRequest
    administration.switch(actor=admin, endpoint=endpoint, is_active=wanted == "on")
    word = _("%(name)s is asked again.") if endpoint.is_active else _("%(name)s is asked no more.")
    messages.success(request, word % {"name": endpoint})
    return redirect("endpoints-detail", pk)


@require_POST
def endpoint_tell_apart(request: HttpRequest, pk: int) -> HttpResponse:
    """An admin's word that an endpoint shows other servers than an earlier one."""
    admin, endpoint = _admin_and_endpoint(request, pk, "endpoint.tell_apart")
    other = request.POST.get("other", "")
    if not other.isdecimal() or len(other) > 18:
        raise BadRequest
    identity.tell_apart(actor=admin, endpoint=endpoint, other_id=int(other))
    messages.success(request, _("Kept: upgrades can start at %(name)s.") % {"name": endpoint})
    return redirect("endpoints-detail", pk)


def _detail(
    request: HttpRequest,
    user: User,
    endpoint: Endpoint,
    *,
    test: list[trying.Line] | None = None,
    address: endpoint_facts.AddressPanel | None = None,
    status: int = 200,
) -> HttpResponse:
    facts = {
        "endpoint": endpoint,
        "state": endpoint_facts.state_of(endpoint),
        "facts": endpoint_facts.facts_of(endpoint),
        "cannot_change": _why_not(user),
        "cannot_switch": _why_not(user) or _why_not_switched(endpoint),
        "is_from_environment": registration.is_from_environment(endpoint),
        "test": endpoint_facts.tested(test) if test is not None else None,
        "doubt": identity.doubt(endpoint),
        "address": address or endpoint_facts.address_panel(endpoint, user),
    }
    return render(request, "upgrades/endpoints/detail.html", facts, status=status)


def _why_not(user: User) -> str:
    """Why `user` may not change endpoints, "" for an admin."""
    return "" if is_admin_of_all(user) else reasons.sentence(Reason("endpoint.needs_admin"))


def _why_not_switched(endpoint: Endpoint) -> str:
    """Why `endpoint`, one of _counted(), stays on: a run is open there."""
    is_held = endpoint.is_active and vars(endpoint)["run_count"] > 0
    return reasons.sentence(Reason("endpoint.run_open", {"name": endpoint.name})) if is_held else ""
