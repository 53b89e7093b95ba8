"""The asked-for upgrade, its revisions, editors and votes."""

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from upgrades.models.clusters import Cluster
from upgrades.models.endpoints import Endpoint
from upgrades.rules import workflow

if TYPE_CHECKING:
    from upgrades.models.users import User


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    """Change requests, as far as a person may see them."""

    def visible_to(self, user: "User") -> "ChangeRequestQuerySet":
        """Requests for clusters of the environments in which `user` holds any role."""
        return self.filter(cluster__environment__in=user.environments)

    def open(self) -> "ChangeRequestQuerySet":
        """Not yet final."""
        return self.filter(status__in=workflow.REQUEST_OPEN)


class ChangeRequest(models.Model):
    """*Is it allowed?* Shown as CR-17. Only `services.moves.move` writes `status`."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="change_requests")
    target_file_name = models.CharField(max_length=255)
    purpose = models.TextField(max_length=4000)
    impact = models.TextField(max_length=4000, blank=True)
    ticket = models.CharField(max_length=500, blank=True)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="change_requests")
    status = models.CharField(max_length=20, default=workflow.RequestStatus.DRAFT)
    status_at = models.DateTimeField(db_default=Now())
    status_reason = models.JSONField(null=True)
    outcome = models.CharField(max_length=20, blank=True)

    revision = models.IntegerField(default=1)
    sent_back_revision = models.IntegerField(default=0)
    lock_version = models.IntegerField(default=0)
    plan = models.JSONField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    quorum = models.IntegerField(default=1)
    policy_version = models.IntegerField(default=0)
    window_opens_at = models.DateTimeField(null=True)
    window_closes_at = models.DateTimeField(null=True)
    auto_start = models.BooleanField(default=False)

    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    starting_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    plan_checked_at = models.DateTimeField(null=True)
    copied_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="copies")
    # The page it was written on: what is sent twice from one page is one request.
    form_token = models.UUIDField(null=True)

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cluster"],
                condition=models.Q(status__in=sorted(workflow.REQUEST_TAKING_CLUSTER)),
                name="one_change_request_per_cluster",
            ),
            models.UniqueConstraint(fields=["requester", "form_token"], name="change_request_once_per_form"),
            models.CheckConstraint(
                condition=models.Q(status__in=sorted(workflow.RequestStatus)),
                name="change_request_status_is_known",
            ),
            models.CheckConstraint(condition=models.Q(quorum__gte=1), name="change_request_quorum_is_one_or_more"),
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "withdrawn"])
                | (models.Q(plan__isnull=False) & ~models.Q(fingerprint="")),
                name="change_request_past_draft_has_a_plan",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "-id"], name="change_request_by_status"),
            models.Index(fields=["requester", "-id"], name="change_request_by_requester"),
            models.Index(fields=["cluster", "-id"], name="change_request_by_cluster"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """How people call it: CR-17."""
        return f"CR-{self.pk}"

    @property
    def environment(self) -> str:
        """The environment of its cluster, which grants are about."""
        return self.cluster.environment

    @property
    def ticket_url(self) -> str:
        """The ticket where it is an address, to be linked; "" where it is a number alone."""
        return self.ticket if self.ticket.startswith(("https://", "http://")) else ""

    @property
    def is_final(self) -> bool:
        return self.status in workflow.REQUEST_FINAL


class Revision(models.Model):
    """The content of a change request as somebody wrote it, kept for good."""

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="revisions")
    number = models.IntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change_request", "number"], name="revision_number_once_per_request")
        ]

    def __str__(self) -> str:
        return f"{self.change_request_id} r{self.number}"


class Editor(models.Model):
    """Somebody who wrote, edited, submitted or renewed a request: never a voter on it."""

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="editors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change_request", "user"], name="editor_once_per_request")
        ]

    def __str__(self) -> str:
        return f"{self.change_request_id}: {self.user_id}"


class Vote(models.Model):
    """One person's recorded decision on one fingerprint."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        SEND_BACK = "send_back"
        REJECT = "reject"

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="votes")
    revision = models.IntegerField()
    fingerprint = models.CharField(max_length=64)
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    comment = models.TextField(max_length=4000, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change_request", "revision", "voter"], name="one_vote_per_revision")
        ]

    def __str__(self) -> str:
        return f"{self.change_request_id} r{self.revision}: {self.voter_id} {self.verdict}"
