
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('upgrades', '0015_decisions_about_endpoints'),
    ]

    operations = [
        migrations.AddField(
            model_name='upgraderun',
            name='readings',
            field=models.JSONField(default=list),
        ),
    ]
