"""Who uses ocpdash, and what each person may do in which environment."""

from collections.abc import Iterable
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Environment(models.TextChoices):
    """Where a cluster serves; a grant names one of these, or none for all."""

    DEV = "dev", _("dev")
    STAGING = "staging", _("staging")
    PRODUCTION = "production", _("production")


class Role(models.TextChoices):
    """What a grant allows. *Requester* is no role: it is a relation to one request."""

    VIEWER = "viewer", pgettext_lazy("role", "viewer")
    OPERATOR = "operator", pgettext_lazy("role", "operator")
    APPROVER = "approver", pgettext_lazy("role", "approver")
    AUDITOR = "auditor", pgettext_lazy("role", "auditor")
    ADMIN = "admin", pgettext_lazy("role", "admin")


class User(AbstractUser):
    """A person. Rights come from grants alone; `is_superuser` gives none."""

    full_name = models.CharField(_("full name"), max_length=150, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.full_name or self.username

    @cached_property
    def granted(self) -> frozenset[tuple[str, str]]:
        """Every (role, environment) of this person; environment "" means all."""
        return frozenset(self.grants.values_list("role", "environment"))

    def has_role(self, role: str, environment: str | None = None) -> bool:
        """Whether the role is held for `environment`; None asks for it anywhere."""
        if not self.is_active:
            return False
        if environment is None:
            return any(held == role for held, _where in self.granted)
        return (role, "") in self.granted or (role, environment) in self.granted

    def environments_of(self, role: str) -> frozenset[str]:
        """Environments in which this person holds `role`."""
        names = {environment for held, environment in self.granted if held == role} if self.is_active else set()
        return frozenset(Environment.values) if "" in names else frozenset(names)

    @property
    def environments(self) -> frozenset[str]:
        """Environments this person may look at, through any role."""
        if not self.is_active:
            return frozenset()
        names = {environment for _role, environment in self.granted}
        return frozenset(Environment.values) if "" in names else frozenset(names)

    @property
    def role_names(self) -> list[str]:
        """The roles held anywhere, in the order of `Role`."""
        held = {role for role, _environment in self.granted}
        return [role for role in Role.values if role in held]

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: "models.QuerySet[User] | None" = None,
    ) -> None:
        self.__dict__.pop("granted", None)
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)


class Grant(models.Model):
    """A role of a user, for one environment or (empty) for all."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    environment = models.CharField(max_length=16, choices=Environment.choices, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "role", "environment"], name="grant_once_per_environment"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="grant_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role} {self.environment or '*'}"
