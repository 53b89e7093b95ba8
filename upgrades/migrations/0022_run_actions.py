import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("upgrades", "0021_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("status", models.CharField(default="asked", max_length=12)),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("status_reason", models.JSONField(null=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("task_ocp_id", models.BigIntegerField()),
                ("subtask_ocp_id", models.BigIntegerField(null=True)),
                ("name", models.CharField(blank=True, max_length=500)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("worker_token", models.CharField(blank=True, max_length=64)),
                ("before", models.JSONField(default=dict)),
                ("intent_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("answer", models.JSONField(null=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_kind_is_known",
        ),
        migrations.AddField(
            model_name="decision",
            name="ocp_subtask_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="subtaskevent",
            name="act",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ocp_subtask_id__isnull", True), ("kind__in", ["cancel", "skip"]), _connector="XOR"
                ),
                name="decision_of_a_step_names_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["abandon", "address", "adopt", "cancel", "close", "release", "skip"])),
                name="decision_kind_is_known",
            ),
        ),
        migrations.AddField(
            model_name="runaction",
            name="asker",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="runaction",
            name="decision",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="run_action",
                to="upgrades.decision",
            ),
        ),
        migrations.AddField(
            model_name="runaction",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="actions", to="upgrades.upgraderun"
            ),
        ),
        migrations.AddField(
            model_name="subtaskevent",
            name="action",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="events", to="upgrades.runaction"
            ),
        ),
        migrations.AddConstraint(
            model_name="runaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["asked", "sending", "unconfirmed"])),
                fields=("run", "task_ocp_id", "subtask_ocp_id"),
                name="one_open_action_per_subtask",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="runaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["asked", "done", "lapsed", "refused", "sending", "unconfirmed"])),
                name="run_action_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="runaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision__isnull", True), ("kind__in", ["retry", "retry_task"])),
                    models.Q(
                        ("decision__isnull", False), ("kind__in", ["skip", "cancel"]), ("subtask_ocp_id__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="skip_and_cancel_take_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="runaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("subtask_ocp_id__isnull", False), ("kind", "retry_task"), _connector="OR"),
                name="only_a_retry_is_of_a_whole_task",
            ),
        ),
        migrations.AddConstraint(
            model_name="runaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__isnull", True), ("intent_at__isnull", False), _connector="OR"),
                name="no_action_is_sent_without_intent",
            ),
        ),
    ]
