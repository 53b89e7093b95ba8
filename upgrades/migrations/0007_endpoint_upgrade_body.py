from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("upgrades", "0006_endpoints_by_admins"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="upgrade_body",
            field=models.CharField(db_default="file_name", default="file_name", max_length=16),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(upgrade_body__in=["file_name", "extended"]), name="endpoint_upgrade_body_known"
            ),
        ),
    ]
