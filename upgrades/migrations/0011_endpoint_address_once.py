from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):

    dependencies = [
        ("upgrades", "0010_path_files"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.UniqueConstraint(Lower("base_url"), name="endpoint_address_once"),
        ),
    ]
