from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("upgrades", "0015_decisions_about_endpoints"),
    ]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="upgrades_in_ocp",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="told_apart_from",
            field=models.JSONField(db_default=[], default=list),
        ),
    ]
