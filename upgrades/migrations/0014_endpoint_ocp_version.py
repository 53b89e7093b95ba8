from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("upgrades", "0013_saved_views"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="ocp_version",
            field=models.CharField(blank=True, db_default="", max_length=64),
        ),
    ]
