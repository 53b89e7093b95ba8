"""The files that say which version may be upgraded to which, where the published graph is not used."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from upgrades.models.endpoints import Endpoint
from upgrades.models.users import User


class PathFile(models.Model):
    """An uploaded oceanbase_upgrade_dep.yml of one endpoint. At most one is in force; the others are kept.

    `text` is the file as it came; `sha256` is that of its UTF-8 bytes.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="path_files")
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    is_active = models.BooleanField(default=False)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    activated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    activated_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "sha256"], name="path_file_once_per_endpoint"),
            models.UniqueConstraint(
                fields=["endpoint"], condition=Q(is_active=True), name="path_file_one_in_force_per_endpoint"
            ),
        ]

    def __str__(self) -> str:
        return path_file_name(self.sha256)


def path_file_name(sha256: str) -> str:
    """What people call a file: every one has the same name, so that its hash tells them apart."""
    return f"oceanbase_upgrade_dep.yml {sha256[:12]}"
