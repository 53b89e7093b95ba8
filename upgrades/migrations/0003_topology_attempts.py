"""Lets the rotation of topologies go on past a cluster that cannot be read, and dates the list of packages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("upgrades", "0002_audit_is_insert_only")]
    operations = [
        migrations.AddField("cluster", "topology_tried_at", models.DateTimeField(null=True)),
        migrations.AddField("cluster", "topology_failure", models.JSONField(null=True)),
        migrations.AddField("endpoint", "packages_observed_at", models.DateTimeField(null=True)),
    ]
