from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):

    dependencies = [
        ("upgrades", "0011_endpoint_address_once"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "page",
                    models.CharField(
                        choices=[
                            ("clusters", "Clusters"),
                            ("packages", "Packages"),
                            ("requests", "Requests"),
                            ("runs", "Runs"),
                            ("audit", "Audit"),
                        ],
                        max_length=16,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=4000)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE, related_name="saved_views", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": [Lower("name"), "pk"],
                "constraints": [
                    models.UniqueConstraint("user", "page", Lower("name"), name="saved_view_name_once_per_list")
                ],
            },
        ),
    ]
