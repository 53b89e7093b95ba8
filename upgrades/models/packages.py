"""The mirror of OCP's software packages."""

from typing import ClassVar

from django.db import models

from upgrades.models.endpoints import Endpoint


class Package(models.Model):
    """An RPM in OCP's repository; its `file_name` goes into `rpmFileName`.

    `replaced_at` is set when the sha1 under the same name changed: a loud warning.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="packages")
    ocp_id = models.BigIntegerField()
    name = models.CharField(max_length=128)
    file_name = models.CharField(max_length=255)
    version = models.CharField(max_length=64, blank=True)
    build = models.CharField(max_length=64, blank=True)
    operating_system = models.CharField(max_length=32, blank=True)
    architecture = models.CharField(max_length=32, blank=True)
    sha1 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True)
    type = models.CharField(max_length=64, blank=True)
    created_in_ocp_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)
    previous_sha1 = models.CharField(max_length=64, blank=True)
    missing_since = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["file_name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "file_name"], name="package_name_once_per_endpoint")
        ]

    def __str__(self) -> str:
        return self.file_name
