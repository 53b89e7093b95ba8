"""What the servers of each cluster run stands on its own row: lists of thousands of clusters look at no server."""

from django.db import migrations, models

FILL = """
UPDATE upgrades_cluster AS cluster SET server_versions = shown.versions
FROM (
    SELECT cluster_id, jsonb_agg(jsonb_build_array(version, build) ORDER BY version, build) AS versions
    FROM (SELECT DISTINCT cluster_id, version, build FROM upgrades_server WHERE missing_since IS NULL) AS pairs
    GROUP BY cluster_id
) AS shown WHERE shown.cluster_id = cluster.id;
"""


class Migration(migrations.Migration):
    dependencies = [("upgrades", "0004_endpoint_rate_limit")]
    operations = [
        migrations.AddField("cluster", "server_versions", models.JSONField(default=list)),
        migrations.AddField(
            "cluster",
            "is_mixed",
            models.GeneratedField(
                db_persist=True,
                expression=models.ExpressionWrapper(
                    models.Q(server_versions__1__isnull=False), output_field=models.BooleanField()
                ),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
