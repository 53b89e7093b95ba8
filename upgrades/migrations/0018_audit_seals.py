import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("upgrades", "0017_requests_made_comfortable"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("prev_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="ChainState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("settled_event", models.BigIntegerField(default=0)),
                ("checked_seq", models.BigIntegerField(default=0)),
                ("checked_hash", models.CharField(blank=True, default="", max_length=64)),
                ("checked_at", models.DateTimeField(null=True)),
                ("round_seq", models.BigIntegerField(default=0)),
                ("round_began_at", models.DateTimeField(null=True)),
                ("round_findings", models.JSONField(default=list)),
                ("whole_since", models.DateTimeField(null=True)),
                ("findings", models.JSONField(default=list)),
            ],
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id", "-id"],
                name="audit_by_request_id",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("trace_id", ""), _negated=True),
                fields=["trace_id", "-id"],
                name="audit_by_trace_id",
            ),
        ),
        migrations.AddField(
            model_name="auditseal",
            name="event",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="seal",
                to="upgrades.auditevent",
            ),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.UniqueConstraint(fields=("prev_hash",), name="seal_follows_one"),
        ),
    ]
