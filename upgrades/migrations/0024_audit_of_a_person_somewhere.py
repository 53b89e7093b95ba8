from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("upgrades", "0023_indexes_of_long_lists"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["actor", "environment", "-id"], name="audit_by_actor_there"),
        ),
    ]
