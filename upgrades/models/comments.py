"""What people say about a change request, and whom they call by name."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from upgrades.models.change_requests import ChangeRequest


class Comment(models.Model):
    """One entry of a request's thread: plain text, never edited and never deleted. The database refuses both.

    `form_token` is the page that it was sent from: what is sent twice from one page counts once.
    """

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    form_token = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["author", "form_token"], name="comment_once_per_form"),
            models.CheckConstraint(condition=~models.Q(text=""), name="comment_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.change_request_id}: {self.author_id} #{self.pk}"


class Mention(models.Model):
    """Somebody whom a comment calls by name; it waits in that person's inbox until the request's page is opened."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentions")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["comment", "user"], name="mention_once_per_comment"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user"], condition=models.Q(seen_at=None), name="mention_unseen_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.user_id}"
