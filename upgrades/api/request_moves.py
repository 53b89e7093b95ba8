"""The moves of a change request: each calls the service behind the page's button, and answers with what came of it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from upgrades import selectors
from upgrades.api import acts, filters
from upgrades.api.access import caller
from upgrades.api.bodies import Body, CommentBody, LockBody, given
from upgrades.api.change_requests import RequestDetailSerializer, detail
from upgrades.api.doors import acts as acting
from upgrades.forms.change_requests import TEXT_LIMIT
from upgrades.models import ChangeRequest, Scope, User, Vote
from upgrades.services import change_requests, votes


class VoteBody(Body):
    """A verdict on the plan whose fingerprint you read. To send back or to reject takes a comment."""

    verdict = serializers.ChoiceField(choices=Vote.Verdict.values)
    fingerprint = serializers.CharField(max_length=64)
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=TEXT_LIMIT)


class StartBody(Body):
    """The plan that you read, and that it is understood that there is no way back."""

    fingerprint = serializers.CharField(max_length=64)
    is_understood = serializers.BooleanField()


@acting(Scope.REQUESTS_WRITE, RequestDetailSerializer, LockBody)
def request_submit(request: Request, pk: int) -> HttpResponse:
    """Send it to its approvers, or renew a stale one: the plan is made now."""
    return _do(request, pk, LockBody, change_requests.submit)


@acting(Scope.VOTES, RequestDetailSerializer, VoteBody, status=201)
def request_vote(request: Request, pk: int) -> HttpResponse:
    """Approve, send back or reject. Four eyes: neither requester nor editors vote."""
    return _do(request, pk, VoteBody, votes.cast, status=201)


@acting(Scope.REQUESTS_WRITE, RequestDetailSerializer, CommentBody)
def request_take_back(request: Request, pk: int) -> HttpResponse:
    """Take your request back to change it."""
    return _do(request, pk, CommentBody, change_requests.take_back)


@acting(Scope.REQUESTS_WRITE, RequestDetailSerializer, CommentBody)
def request_withdraw(request: Request, pk: int) -> HttpResponse:
    """End it for good."""
    return _do(request, pk, CommentBody, change_requests.withdraw)


@acting(Scope.RUNS_START, RequestDetailSerializer, StartBody)
def request_start(request: Request, pk: int) -> HttpResponse:
    """Ask for the start of what was approved. OCP is read once more first; the run shows up in `run`."""
    return _do(request, pk, StartBody, change_requests.start)


@acting(Scope.RUNS_START, RequestDetailSerializer, CommentBody)
def request_call_off(request: Request, pk: int) -> HttpResponse:
    """Call off a start that has not led to a run yet."""
    return _do(request, pk, CommentBody, change_requests.call_off)


def _do(request: Request, pk: int, body: type[Body], service: Callable[..., Any], *, status: int = 200) -> HttpResponse:
    """Let `service` do it with the fields of `body`, and answer with the change request as it is then."""
    filters.read(request, known=())
    user: User = caller(request)
    change_request: ChangeRequest = selectors.change_request_detail(pk, user)
    values = given(request, body)

    def act() -> dict[str, Any]:
        service(change_request=change_request, actor=user, **values)
        return detail(pk, user)

    return acts.answer(request, act, status=status)
