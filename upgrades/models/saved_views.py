"""What a person keeps of a list: the filters and the order of it, under a name of one's own."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from upgrades.models.users import User


class SavedList(models.TextChoices):
    """The lists of which views can be kept."""

    CLUSTERS = "clusters"
    PACKAGES = "packages"
    REQUESTS = "requests"
    RUNS = "runs"
    AUDIT = "audit"


class SavedView(models.Model):
    """A view of a list. `query` is the part of the address after the question mark: known filters only, in order."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=16, choices=SavedList.choices)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=4000)

    class Meta:
        ordering: ClassVar = [Lower("name"), "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint("user", "page", Lower("name"), name="saved_view_name_once_per_list"),
        ]

    def __str__(self) -> str:
        return self.name
