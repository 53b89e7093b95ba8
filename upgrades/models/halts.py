"""The database's epochs, and the halts: while one is in force nothing is sent to OCP."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from upgrades.rules import halts


class Epoch(models.Model):
    """A stretch of this database's life, from its beginning or from a halt that was lifted; the newest row is today's.

    Workers keep `key` in a file outside the database. `server` says where the database lay when the epoch began.
    """

    key = models.CharField(max_length=32, unique=True)
    server = models.CharField(max_length=100, blank=True)
    began_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.key[:12]


class HaltQuerySet(models.QuerySet["Halt"]):
    """Halts, all of them or those in force."""

    def open(self) -> "HaltQuerySet":
        """In force."""
        return self.filter(lifted_at=None)


class Halt(models.Model):
    """A ground to send nothing, from the moment a worker found it until an admin lifts it.

    `host` found it; `reason` is what was found. `settled_at`: since then nothing stands any more of what people had
    decided before a restore.
    """

    kind = models.CharField(max_length=16)
    reason = models.JSONField()
    host = models.CharField(max_length=255, blank=True)
    began_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(blank=True, max_length=4000)

    objects = HaltQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(lifted_at__isnull=True), name="one_open_halt_of_a_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[str(kind) for kind in halts.Kind]), name="halt_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.kind
