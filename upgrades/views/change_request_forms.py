"""Writing a change request: the cluster, a package that it can take, and why; changing one that is not under way."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from upgrades import reasons, selectors
from upgrades.forms.change_requests import ChangeRequestForm
from upgrades.models import ChangeRequest, Cluster, Role, User
from upgrades.rules import Reason, workflow
from upgrades.services import change_requests, contents, moves
from upgrades.views import briefs, content_changes, reading
from upgrades.views.change_requests import status_of
from upgrades.views.reader import number_of, reader


@require_http_methods(["GET", "HEAD", "POST"])
def request_create(request: HttpRequest) -> HttpResponse:
    """Write a request: first the cluster, then a package that it can take, and why."""
    user = reader(request)
    number = number_of(request.GET.get("cluster", ""))
    if number is None:
        return _choose_cluster(request, user)
    cluster = get_object_or_404(Cluster.objects.visible_to(user).select_related("endpoint"), pk=number)
    if request.method != "POST":
        _require_operator(user, cluster)
        initial = {**_copied(request, user), "form_token": uuid4()}
        return _form_page(request, cluster, ChangeRequestForm(initial=initial))
    form = ChangeRequestForm(request.POST)
    form.is_valid()
    token = form.cleaned_data.get("form_token")
    try:
        change_request = change_requests.create(
            cluster=cluster, copied_from=_old(request, user), form_token=token, actor=user, **form.content()
        )
    except (moves.TooLate, moves.Invalid) as refusal:
        return _form_page(request, cluster, form, refusal=refusal)
    messages.success(request, _("%(number)s is a draft. Read it, then send it.") % {"number": change_request.number})
    return redirect("requests-detail", change_request.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def request_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the content of a draft, of one sent back, or of a stale one."""
    user = reader(request)
    change_request = selectors.change_request_detail(pk, user)
    cluster = change_request.cluster
    if request.method != "POST":
        _require_operator(user, cluster)
        contents.require_editable(change_request)
        form = ChangeRequestForm(initial={**contents.of(change_request), "lock_version": change_request.lock_version})
        return _form_page(request, cluster, form, change_request=change_request)
    form = ChangeRequestForm(request.POST)
    form.is_valid()
    try:
        change_requests.edit(
            change_request=change_request,
            lock_version=form.cleaned_data.get("lock_version", -1),
            actor=user,
            **form.content(),
        )
    except (moves.TooLate, moves.Invalid) as refusal:
        return _form_page(request, cluster, form, change_request=change_request, refusal=refusal)
    messages.success(request, _("%(number)s was changed.") % {"number": change_request.number})
    return redirect("requests-detail", pk)


def _form_page(
    request: HttpRequest,
    cluster: Cluster,
    form: ChangeRequestForm,
    *,
    change_request: ChangeRequest | None = None,
    refusal: moves.Refusal | None = None,
) -> HttpResponse:
    if isinstance(refusal, moves.Invalid):
        form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
    older = change_request is not None and refusal is not None and refusal.reason.code == "form.older"
    others = ChangeRequest.objects.open().filter(cluster=cluster).select_related("requester")
    options = briefs.options(cluster)
    possible = [option for option in options if option.is_possible]
    facts = {
        "form": form,
        "cluster": cluster,
        "reading": reading.of_cluster(cluster),
        "change_request": change_request,
        "cautions": briefs.shared_cautions(possible),
        "possible": possible,
        "impossible": [option for option in options if not option.is_possible],
        "chosen": form["target_file_name"].value(),
        "others": others.exclude(pk=change_request.pk if change_request else 0).order_by("pk"),
        "refusal": refusal.reason if isinstance(refusal, moves.TooLate) else None,
        "overtaken": _overtaken(change_request, form) if change_request is not None and older else None,
        "asked_for": content_changes.asked_for(change_request) if change_request is not None else None,
    }
    return render(request, "upgrades/change_requests/form.html", facts, status=status_of(refusal))


def _overtaken(change_request: ChangeRequest, form: ChangeRequestForm) -> content_changes.Overtaken:
    """What somebody else wrote meanwhile. Who has read it saves over it by sending the same form once more."""
    change_request.refresh_from_db()
    form.data = {**dict(form.data.items()), "lock_version": str(change_request.lock_version)}
    return content_changes.overtaken(change_request, form.content())


def _choose_cluster(request: HttpRequest, user: User) -> HttpResponse:
    """The first step: the clusters for which the reader may write a request."""
    with moves.attempt("change_request.create", actor=user, subject=None):
        if not user.has_role(Role.OPERATOR):
            raise moves.Forbidden(Reason("move.not_permitted", {"by": str(workflow.By.OPERATOR)}))
    found = Cluster.objects.filter(environment__in=user.environments_of(Role.OPERATOR), missing_since=None)
    clusters = list(found.select_related("endpoint"))
    has_many = len({cluster.endpoint_id for cluster in clusters}) > 1
    facts = {"clusters": clusters, "has_many_endpoints": has_many}
    return render(request, "upgrades/change_requests/choose.html", facts)


def _old(request: HttpRequest, user: User) -> ChangeRequest | None:
    """The request that the address says is copied."""
    number = number_of(request.GET.get("copy", ""))
    return ChangeRequest.objects.visible_to(user).filter(pk=number or 0).first()


def _copied(request: HttpRequest, user: User) -> dict[str, Any]:
    """What a new request takes over from an ended one, or from a link on a package."""
    old = _old(request, user)
    return {"target_file_name": request.GET.get("package", "")} if old is None else contents.of(old)


def _require_operator(user: User, cluster: Cluster) -> None:
    if not user.has_role(Role.OPERATOR, cluster.environment):
        raise moves.Forbidden(Reason("move.not_permitted", {"by": str(workflow.By.OPERATOR)}))
