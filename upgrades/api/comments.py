"""The thread of a change request and the files beside it: read, and added to. Nothing there is changed or removed."""

import base64
import binascii
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades import selectors
from upgrades.api import acts, filters
from upgrades.api.access import caller
from upgrades.api.bodies import Body, FileParser, given
from upgrades.api.doors import acts as acting
from upgrades.api.doors import lists, reads
from upgrades.api.paging import page
from upgrades.api.shapes import Moment, Person, Shape
from upgrades.forms.change_requests import TEXT_LIMIT
from upgrades.models import Attachment, Comment, Scope, User
from upgrades.rules import Reason
from upgrades.services import attachments, comments
from upgrades.services.moves import Invalid


class CommentSerializer(Shape):
    """One entry of a thread: plain text."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    change_request = serializers.IntegerField(source="change_request_id")
    author = Person()
    text = serializers.CharField()
    mentions = serializers.SerializerMethodField(help_text="Whom it calls by name, and who was told.")
    created_at = Moment()

    def get_url(self, comment: Comment) -> str:
        """Where it is in the API."""
        return reverse("api:comments-detail", args=[comment.pk])

    def get_mentions(self, comment: Comment) -> list[str]:
        """User names, sorted."""
        return sorted(mention.user.username for mention in comment.mentions.all())


class AttachmentSerializer(Shape):
    """One file, without what it holds."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    change_request = serializers.IntegerField(source="change_request_id")
    uploader = Person()
    name = serializers.CharField()
    kind = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    created_at = Moment()

    def get_url(self, attachment: Attachment) -> str:
        """Where it is in the API."""
        return reverse("api:attachments-detail", args=[attachment.pk])


class AttachmentDetailSerializer(AttachmentSerializer):
    """One file."""

    content = serializers.SerializerMethodField(help_text="What it holds, in base64.")

    def get_content(self, attachment: Attachment) -> str:
        """Its bytes as text."""
        return base64.b64encode(attachment.content).decode("ascii")


class ThreadBody(Body):
    """What you say. @username tells somebody who may see the request."""

    text = serializers.CharField(max_length=TEXT_LIMIT)


class AttachmentBody(Body):
    """A file: its name, and what it holds in base64. 5 MB at most, of the types that the page takes too."""

    name = serializers.CharField(max_length=255)
    content = serializers.CharField(max_length=FileParser.limit, trim_whitespace=False)


@lists(Scope.READ, CommentSerializer, also=(404,))
def comment_list(request: Request, pk: int) -> Response:
    """The thread of a change request, the oldest first."""
    filters.read(request)
    change_request = selectors.change_request_detail(pk, caller(request))
    return page(request, _comments(caller(request)).filter(change_request=change_request), CommentSerializer, ("pk",))


@reads(Scope.READ, CommentSerializer)
def comment_detail(request: Request, pk: int) -> Response:
    """One entry of a thread."""
    filters.read(request, known=())
    return Response(CommentSerializer(get_object_or_404(_comments(caller(request)), pk=pk)).data)


@acting(Scope.REQUESTS_WRITE, CommentSerializer, ThreadBody, status=201)
def comment_add(request: Request, pk: int) -> HttpResponse:
    """Add to the thread, in whatever status the change request is. What is said stays."""
    filters.read(request, known=())
    user = caller(request)
    change_request = selectors.change_request_detail(pk, user)
    values = given(request, ThreadBody)

    def act() -> dict[str, Any]:
        said = comments.add(change_request=change_request, actor=user, **values)
        return dict(CommentSerializer(_comments(user).get(pk=said.comment.pk)).data)

    return acts.answer(request, act, status=201)


@lists(Scope.READ, AttachmentSerializer, also=(404,))
def attachment_list(request: Request, pk: int) -> Response:
    """The files beside a change request, in the order in which they came."""
    filters.read(request)
    change_request = selectors.change_request_detail(pk, caller(request))
    rows = _attachments(caller(request)).filter(change_request=change_request).defer("content")
    return page(request, rows, AttachmentSerializer, ("pk",))


@reads(Scope.READ, AttachmentDetailSerializer)
def attachment_detail(request: Request, pk: int) -> Response:
    """One file with what it holds."""
    filters.read(request, known=())
    return Response(AttachmentDetailSerializer(get_object_or_404(_attachments(caller(request)), pk=pk)).data)


@acting(Scope.REQUESTS_WRITE, AttachmentSerializer, AttachmentBody, status=201)
def attachment_add(request: Request, pk: int) -> HttpResponse:
    """Lay a file beside the change request, in whatever status it is. It is never removed."""
    filters.read(request, known=())
    user = caller(request)
    change_request = selectors.change_request_detail(pk, user)
    values = given(request, AttachmentBody)
    content = _decoded(values["content"])

    def act() -> dict[str, Any]:
        row = attachments.attach(change_request=change_request, name=values["name"], content=content, actor=user)
        return dict(AttachmentSerializer(_attachments(user).get(pk=row.pk)).data)

    return acts.answer(request, act, status=201)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(Reason("api.bad_field", {"name": "content"}), "content") from None


def _comments(user: User) -> QuerySet[Comment]:
    rows = Comment.objects.filter(change_request__cluster__environment__in=user.environments)
    return rows.select_related("author").prefetch_related("mentions__user")


def _attachments(user: User) -> QuerySet[Attachment]:
    return Attachment.objects.visible_to(user).select_related("uploader")
