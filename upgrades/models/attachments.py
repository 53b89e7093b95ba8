"""Files that people lay beside a change request."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from upgrades.models.change_requests import ChangeRequest
from upgrades.models.users import User


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Attachments, as far as a person may see them."""

    def visible_to(self, user: User) -> "AttachmentQuerySet":
        """Those of requests that `user` may see."""
        return self.filter(change_request__cluster__environment__in=user.environments)


class Attachment(models.Model):
    """One file, whole, in the database: a backup holds it together with what it is about.

    Never changed and never removed. `kind` is a word of rules.attachments, told by name and content alike.
    """

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="attachments")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change_request", "name", "sha256"], name="attachment_once_per_request"),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="attachment_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def environment(self) -> str:
        """The environment of its request's cluster."""
        return self.change_request.environment
