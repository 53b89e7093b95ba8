"""The append-only record. Rows are inserted by `upgrades.audit.record` and never changed."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class AuditEvent(models.Model):
    """Who did what to which object, when, with which outcome.

    Actor and subject are kept as text beside the keys, so that a row outlives both.
    The database refuses UPDATE, DELETE and TRUNCATE by grants and by triggers.
    """

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    at = models.DateTimeField(db_default=Now(), editable=False)
    action = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.DONE)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False)
    actor_name = models.CharField(max_length=150, blank=True)
    subject_type = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_name = models.CharField(max_length=255, blank=True)
    change_request_id = models.BigIntegerField(null=True)
    environment = models.CharField(max_length=16, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.JSONField(null=True)
    comment = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    trace_id = models.CharField(max_length=128, blank=True)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["change_request_id", "-id"], name="audit_by_request"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["actor", "environment", "-id"], name="audit_by_actor_there"),
            models.Index(fields=["environment", "-id"], name="audit_by_environment"),
            models.Index(fields=["outcome", "-id"], name="audit_by_outcome"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["request_id", "-id"], name="audit_by_request_id", condition=~models.Q(request_id="")),
            models.Index(fields=["trace_id", "-id"], name="audit_by_trace_id", condition=~models.Q(trace_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.at}: {self.actor_name or 'system'} {self.action} {self.subject_name}"


class AuditSeal(models.Model):
    """One link of the chain over the events: what `rules.seals.digest` makes of an event and the seal before it.

    `seq` is the order of sealing, 1, 2, 3 without a gap. Insert-only, like the events; a seal outlives what happens to
    its event, so that a removed event shows.
    """

    seq = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.DO_NOTHING, db_constraint=False, related_name="seal")
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["prev_hash"], name="seal_follows_one")]

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class ChainState(models.Model):
    """How far the chain is sealed and checked; one row. It is a note of ours, no evidence: the chain proves itself."""

    # Every event up to this id is committed and sealed, or never will be.
    settled_event = models.BigIntegerField(default=0)
    # The newest seal that was checked, and when; a round begins anew at the first seal.
    checked_seq = models.BigIntegerField(default=0)
    checked_hash = models.CharField(max_length=64, blank=True, default="")
    checked_at = models.DateTimeField(null=True)
    round_seq = models.BigIntegerField(default=0)
    round_began_at = models.DateTimeField(null=True)
    round_findings = models.JSONField(default=list)
    # When the last round that reached the end began: everything was checked since then, and this was found.
    whole_since = models.DateTimeField(null=True)
    findings = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"sealed to event {self.settled_event}, checked to seal {self.checked_seq}"
