
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('upgrades', '0019_seals_are_insert_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='upgraderun',
            name='readings',
            field=models.JSONField(default=list),
        ),
    ]
