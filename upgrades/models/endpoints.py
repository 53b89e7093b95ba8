"""An OCP server that ocpdash drives, and how old our word from it is."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from upgrades.rules.upgrade_body import BodyForm

if TYPE_CHECKING:
    from upgrades.models.users import User


class CredentialsKind(models.TextChoices):
    """How our requests are signed."""

    BASIC = "basic", _("Password")
    ACCESS_KEY = "access_key", _("Access key")


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    """Endpoints, as far as a person may see them."""

    def visible_to(self, user: "User") -> "EndpointQuerySet":
        """All of them for everybody with a role anywhere: an endpoint belongs to no environment."""
        return self if user.environments else self.none()


class Endpoint(models.Model):
    """One OCP: address, account, and the state of our reading of it.

    `credentials` are sealed with keys that the database does not know, for this address and account alone
    (services/credentials.py).
    `ocp_version` is OCP's own, as it last told, "" where it never did.
    The `*_claimed_until` columns are leases: a Celery worker takes one by compare-and-set
    before it reads, so that one read of a kind is in flight per endpoint.
    """

    name = models.CharField(max_length=100, unique=True)
    base_url = models.CharField(max_length=255)
    account_name = models.CharField(max_length=100)
    credentials_kind = models.CharField(
        max_length=16, choices=CredentialsKind.choices, default=CredentialsKind.BASIC, db_default=CredentialsKind.BASIC
    )
    access_key = models.CharField(max_length=128, blank=True, db_default="")
    credentials = models.TextField(blank=True)
    is_account_ours = models.BooleanField(default=False)
    ca_file = models.CharField(max_length=255, blank=True)
    ca_pem = models.TextField(blank=True, db_default="")
    ca_pin = models.CharField(max_length=64, blank=True)
    is_http_allowed = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    upgrade_body = models.CharField(
        max_length=16, default=BodyForm.FILE_NAME.value, db_default=BodyForm.FILE_NAME.value
    )

    # Keys of endpoints added earlier that show servers of the same addresses: an admin's word that these are others.
    told_apart_from = models.JSONField(default=list, db_default=[])
    ocp_version = models.CharField(max_length=64, blank=True, db_default="")

    observed_at = models.DateTimeField(null=True)
    lists_observed_at = models.DateTimeField(null=True)
    packages_observed_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failure = models.JSONField(null=True)
    failure_count = models.IntegerField(default=0)
    failure_trace_id = models.CharField(max_length=128, blank=True)
    breaker_opened_at = models.DateTimeField(null=True)
    breaker_credentials = models.CharField(max_length=64, blank=True)
    rate_limited_until = models.DateTimeField(null=True)

    follow_due_at = models.DateTimeField(null=True)
    follow_claimed_until = models.DateTimeField(null=True)
    sweep_due_at = models.DateTimeField(null=True)
    sweep_claimed_until = models.DateTimeField(null=True)
    inventory_due_at = models.DateTimeField(null=True)
    inventory_claimed_until = models.DateTimeField(null=True)
    topology_due_at = models.DateTimeField(null=True)
    topology_claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    lock_version = models.IntegerField(default=0, db_default=0)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("base_url"), name="endpoint_address_once"),
            models.CheckConstraint(
                condition=models.Q(upgrade_body__in=[form.value for form in BodyForm]),
                name="endpoint_upgrade_body_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_plain(self) -> bool:
        """Whether credentials and answers pass in clear. A scheme may be written in capitals."""
        return self.base_url.lower().startswith("http:")


class Heartbeat(models.Model):
    """When a part of ocpdash (Celery worker, beat) last gave a sign of life."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
