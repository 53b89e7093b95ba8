"""What lets a program act for a person: API tokens, and the answers kept for calls that are sent twice."""

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from upgrades.models.users import Role, User

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_LIFE = timedelta(days=365)


class Scope(models.TextChoices):
    """What a token may be used for; its owner's roles still decide where."""

    READ = "read", _("read clusters, packages, endpoints, requests, runs and decisions")
    REQUESTS_WRITE = "requests:write", _("write change requests, send them, take them back, withdraw them")
    VOTES = "votes", pgettext_lazy("scope", "vote")
    RUNS_START = "runs:start", _("start approved upgrades and call starts off")
    RUN_ACTIONS = "run-actions", _("ask OCP for retries during a run")
    DECISIONS = "decisions", _("propose, confirm and withdraw decisions")
    AUDIT_READ = "audit:read", _("read the audit")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens, as far as a person may see them."""

    def visible_to(self, user: "User") -> "ApiTokenQuerySet":
        """One's own; everybody's for admins and auditors of all environments, who look at people too."""
        if user.has_role(Role.ADMIN, "") or user.has_role(Role.AUDITOR, ""):
            return self
        return self.filter(owner=user)


class ApiToken(models.Model):
    """Acts for its owner within `scopes`, and never further than the owner's grants reach at that moment.

    The token itself is kept nowhere: `digest` is its SHA-256, `prefix` its first characters, by which people and
    audit events recognise it.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=24)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    last_used_address = models.CharField(max_length=64, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(expires_at__lte=models.F("created_at") + LONGEST_LIFE),
                name="token_lives_a_year_at_most",
            ),
        ]

    def __str__(self) -> str:
        return self.prefix

    def state_at(self, now: "datetime") -> str:
        """revoked, expired or good."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "good"


class KeptAnswer(models.Model):
    """The answer to a call that came with an Idempotency-Key: who sends the same again gets it again.

    The unique key is what lets of two twins at the same moment only one act.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    call = models.CharField(max_length=64)
    status = models.IntegerField(default=0)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.key}"
