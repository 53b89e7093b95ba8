"""Change requests: the list, the page that people sign, its buttons. Each button's view calls one service."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.change_requests import (
    TEXT_LIMIT,
    ChangeRequestFilterForm,
    CommentForm,
    LockForm,
    StartForm,
    VoteForm,
)
from upgrades.models import ChangeRequest, Cluster, Role, User
from upgrades.rules import Reason, workflow
from upgrades.services import change_requests, moves, votes
from upgrades.views import briefs, reading, saved_views, signing
from upgrades.views.reader import reader

PAGE = 50


@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """The requests that the reader may see, newest first, filtered by the address."""
    user = reader(request)
    filters = ChangeRequestFilterForm(request.GET).chosen()
    found = selectors.change_request_list(user, filters)
    cluster = Cluster.objects.visible_to(user).filter(pk=filters.get("cluster", 0)).first()
    facts = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "saved": saved_views.beside(request, "requests"),
        "filters": filters,
        "cluster": cluster,
        "may_request": user.has_role(Role.OPERATOR),
    }
    return render(request, "upgrades/change_requests/list.html", facts)


@require_safe
def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The brief, the votes and, last, what the reader may do."""
    return _page(request, pk)


@require_POST
def request_vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, send back or reject the plan that the page showed."""
    user = reader(request)
    change_request = selectors.change_request_detail(pk, user)
    form = VoteForm(request.POST)
    form.is_valid()
    try:
        votes.cast(
            change_request=change_request,
            verdict=form.cleaned_data.get("verdict", ""),
            comment=form.cleaned_data.get("comment", ""),
            fingerprint=form.cleaned_data.get("fingerprint", ""),
            actor=user,
        )
    except (moves.TooLate, moves.Invalid) as refusal:
        return _page(request, pk, refusal=refusal, form=form)
    messages.success(request, _voted(change_request))
    return redirect("requests-detail", pk)


@require_POST
def request_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it to its approvers, or renew a stale one."""
    form = LockForm(request.POST)

    def act(change_request: ChangeRequest, user: User) -> str:
        change_requests.submit(change_request=change_request, lock_version=form.shown(), actor=user)
        return _("%(number)s waits for its approvers. Votes are given on the plan as it is now.")

    return _do(request, pk, act)


@require_POST
def request_start(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the start; a Celery worker reads OCP again and sends it once."""
    form = StartForm(request.POST)
    form.is_valid()

    def act(change_request: ChangeRequest, user: User) -> str:
        change_requests.start(
            change_request=change_request,
            fingerprint=form.cleaned_data.get("fingerprint", ""),
            is_understood=form.cleaned_data["is_understood"],
            actor=user,
        )
        return _("The start of %(number)s is asked for. OCP is read once more first.")

    return _do(request, pk, act)


@require_POST
def request_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The requester takes it back to change it."""

    def act(change_request: ChangeRequest, user: User) -> str:
        change_requests.take_back(change_request=change_request, actor=user, comment=_comment(request))
        return _("%(number)s is yours again. Change it, then send it once more.")

    return _do(request, pk, act)


@require_POST
def request_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """End it for good."""

    def act(change_request: ChangeRequest, user: User) -> str:
        change_requests.withdraw(change_request=change_request, actor=user, comment=_comment(request))
        return _("%(number)s is withdrawn. Nothing was sent to OCP.")

    return _do(request, pk, act)


@require_POST
def request_call_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Call off a start that has not led to a run yet."""

    def act(change_request: ChangeRequest, user: User) -> str:
        change_requests.call_off(change_request=change_request, actor=user, comment=_comment(request))
        return _("The start of %(number)s is called off. It stays approved.")

    return _do(request, pk, act)


def _do(request: HttpRequest, pk: int, act: Callable[[ChangeRequest, User], str]) -> HttpResponse:
    """Answer a button: back to the page with a word of success, or the page again with the refusal on it."""
    user = reader(request)
    change_request = selectors.change_request_detail(pk, user)
    try:
        done = act(change_request, user)
    except (moves.TooLate, moves.Invalid) as refusal:
        return _page(request, pk, refusal=refusal, comment_form=CommentForm(request.POST, auto_id=False))
    messages.success(request, done % {"number": change_request.number})
    return redirect("requests-detail", pk)


def _comment(request: HttpRequest) -> str:
    """What was typed, or Invalid where it is longer than the audit keeps."""
    form = CommentForm(request.POST)
    form.is_valid()
    comment = str(form.cleaned_data.get("comment", ""))
    if len(comment) > TEXT_LIMIT:
        raise moves.Invalid(Reason("form.comment_too_long", {"limit": TEXT_LIMIT}), "comment")
    return comment


def _page(
    request: HttpRequest,
    pk: int,
    *,
    refusal: moves.Refusal | None = None,
    form: VoteForm | None = None,
    comment_form: CommentForm | None = None,
) -> HttpResponse:
    """The page as things are now; after a refusal with its reason, and with what was typed."""
    user = reader(request)
    change_request = selectors.change_request_detail(pk, user)
    form = form or VoteForm()
    if isinstance(refusal, moves.Invalid) and refusal.field in form.fields and form.is_bound:
        form.add_error(refusal.field, reasons.sentence(refusal.reason))
    facts = {
        "change_request": change_request,
        "brief": briefs.of(change_request),
        "reading": reading.of_cluster(change_request.cluster) if change_request.status in briefs.BEFORE_RUN else None,
        "signing": signing.of(change_request, user),
        "vote_form": form,
        "comment_form": comment_form or CommentForm(auto_id=False),
        "refusal": refusal.reason if refusal else None,
    }
    return render(request, "upgrades/change_requests/detail.html", facts, status=status_of(refusal))


def _voted(change_request: ChangeRequest) -> str:
    """What the vote led to."""
    words = {
        workflow.RequestStatus.APPROVED: _("Your vote is recorded. %(number)s is approved; nothing was started."),
        workflow.RequestStatus.CHANGES_REQUESTED: _("%(number)s went back to its requester."),
        workflow.RequestStatus.REJECTED: _("%(number)s is rejected and ends here."),
    }
    text = words.get(workflow.RequestStatus(change_request.status), _("Your vote on %(number)s is recorded."))
    return text % {"number": change_request.number}


def status_of(refusal: moves.Refusal | None) -> int:
    """The HTTP status of a page that is shown again after a refusal."""
    if refusal is None:
        return 200
    return 409 if isinstance(refusal, moves.TooLate) else 400
