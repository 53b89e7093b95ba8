"""Change requests: the list, the page that people sign, its buttons. Each button's view calls one service."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.change_requests import (
    TEXT_LIMIT,
    CommentForm,
    CopyForm,
    LockForm,
    StartForm,
    VoteForm,
)
from upgrades.forms.comments import AttachmentForm, ThreadForm
from upgrades.forms.request_filters import ChangeRequestFilterForm
from upgrades.models import ChangeRequest, Cluster, Role, User
from upgrades.rules import Reason, workflow
from upgrades.services import change_requests, comments, contents, moves, votes
from upgrades.views import (
    attached,
    briefs,
    content_changes,
    inbox_steps,
    keyset,
    reading,
    saved_views,
    signing,
    threads,
)
from upgrades.views.reader import number_of, reader


@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """The requests that the reader may see, newest first, filtered by the address."""
    user = reader(request)
    form = ChangeRequestFilterForm(request.GET)
    filters = form.chosen()
    found = selectors.change_request_list(user, filters)
    before = number_of(request.GET.get("before", ""))
    cluster = Cluster.objects.visible_to(user).filter(pk=filters.get("cluster", 0)).first()
    facts = {
        "page": keyset.page_of(found if before is None else found.filter(pk__lt=before), before),
        "saved": saved_views.beside(request, "requests"),
        "form": form,
        "filters": filters,
        "cluster": cluster,
        "may_request": user.has_role(Role.OPERATOR),
    }
    return render(request, "upgrades/change_requests/list.html", facts)


@require_safe
def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The brief, the votes and, last, what the reader may do. Who is called by name in it has seen that now."""
    answer = page(request, pk)
    if request.method == "GET":
        comments.see(number=pk, user=reader(request))
    return answer


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
        return page(request, pk, refusal=refusal, forms=Forms(vote=form))
    messages.success(request, _voted(change_request))
    return inbox_steps.back(request, pk)


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


@require_POST
def request_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A new draft with the content of an ended request; the reader becomes its requester, and votes are given anew."""
    user, form = reader(request), CopyForm(request.POST)
    old = selectors.change_request_detail(pk, user)
    form.is_valid()
    token = form.cleaned_data.get("form_token")
    try:
        new = change_requests.create(
            cluster=old.cluster, copied_from=old, form_token=token, actor=user, **contents.of(old)
        )
    except (moves.TooLate, moves.Invalid) as refusal:
        return page(request, pk, refusal=refusal)
    words = _("%(number)s is a draft with the content of %(old)s. Read it, then send it.")
    messages.success(request, words % {"number": new.number, "old": old.number})
    return redirect("requests-detail", new.pk)


def _do(request: HttpRequest, pk: int, act: Callable[[ChangeRequest, User], str]) -> HttpResponse:
    """Answer a button: back to the page with a word of success, or the page again with the refusal on it."""
    user = reader(request)
    change_request = selectors.change_request_detail(pk, user)
    try:
        done = act(change_request, user)
    except (moves.TooLate, moves.Invalid) as refusal:
        return page(request, pk, refusal=refusal, forms=Forms(comment=CommentForm(request.POST, auto_id=False)))
    messages.success(request, done % {"number": change_request.number})
    return inbox_steps.back(request, pk)


def _comment(request: HttpRequest) -> str:
    """What was typed, or Invalid where it is longer than the audit keeps."""
    form = CommentForm(request.POST)
    form.is_valid()
    comment = str(form.cleaned_data.get("comment", ""))
    if len(comment) > TEXT_LIMIT:
        raise moves.Invalid(Reason("form.comment_too_long", {"limit": TEXT_LIMIT}), "comment")
    return comment


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of the page, where one was refused and is shown again as it was filled in."""

    vote: VoteForm | None = None
    comment: CommentForm | None = None
    thread: ThreadForm | None = None
    attachment: AttachmentForm | None = None


NONE_SENT = Forms()


def page(
    request: HttpRequest, pk: int, *, refusal: moves.Refusal | None = None, forms: Forms = NONE_SENT
) -> HttpResponse:
    """The page as things are now; after a refusal with its reason, and with what was typed."""
    user = reader(request)
    change_request = selectors.change_request_detail(pk, user)
    for form in (forms.vote, forms.thread, forms.attachment):
        if isinstance(refusal, moves.Invalid) and form is not None and refusal.field in form.fields:
            form.add_error(refusal.field, reasons.sentence(refusal.reason))
    facts = {
        "change_request": change_request,
        "brief": briefs.of(change_request),
        "reading": reading.of_cluster(change_request.cluster) if change_request.status in briefs.BEFORE_RUN else None,
        "signing": signing.of(change_request, user),
        "steps": inbox_steps.of(request, change_request),
        "beside": attached.of(change_request, user),
        "thread": threads.of(change_request, user),
        "asked_for": content_changes.asked_for(change_request),
        "vote_form": forms.vote or VoteForm(),
        "comment_form": forms.comment or CommentForm(auto_id=False),
        "thread_form": forms.thread or ThreadForm(),
        "attachment_form": forms.attachment or AttachmentForm(),
        "copy_token": uuid4(),
        "refusal": refusal.reason if refusal else None,
    }
    return render(request, "upgrades/change_requests/detail.html", facts, status=status_of(refusal))


def _voted(change_request: ChangeRequest) -> str:
    """What the vote led to."""
    words: dict[str, str] = {
        workflow.RequestStatus.APPROVED: _("Your vote is recorded. %(number)s is approved; nothing was started."),
        workflow.RequestStatus.CHANGES_REQUESTED: _("%(number)s went back to its requester."),
        workflow.RequestStatus.REJECTED: _("%(number)s is rejected and ends here."),
    }
    text = words.get(change_request.status, _("Your vote on %(number)s is recorded."))
    return text % {"number": change_request.number}


def status_of(refusal: moves.Refusal | None) -> int:
    """The HTTP status of a page that is shown again after a refusal."""
    if refusal is None:
        return 200
    return 409 if isinstance(refusal, moves.TooLate) else 400
