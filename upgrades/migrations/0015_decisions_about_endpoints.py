import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("upgrades", "0014_endpoint_ocp_version"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_kind_is_known",
        ),
        migrations.AddField(
            model_name="decision",
            name="endpoint",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="upgrades.endpoint",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="upgrades.upgraderun",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["proposed", "confirmed"])),
                fields=("endpoint",),
                name="one_open_decision_per_endpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("endpoint__isnull", True),
                        ("run__isnull", False),
                        models.Q(("kind", "address"), _negated=True),
                    ),
                    models.Q(("endpoint__isnull", False), ("kind", "address"), ("run__isnull", True)),
                    _connector="OR",
                ),
                name="decision_is_about_a_run_or_an_endpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["abandon", "address", "adopt", "close", "release"])),
                name="decision_kind_is_known",
            ),
        ),
    ]
