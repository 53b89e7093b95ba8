"""What people say of a cluster besides its environment: whom one asks, and words to find it by."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("upgrades", "0007_endpoint_upgrade_body")]
    operations = [
        migrations.AddField("cluster", "labels", models.JSONField(default=list)),
        migrations.AddField("cluster", "owner", models.CharField(blank=True, max_length=100)),
    ]
