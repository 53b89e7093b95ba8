"""`manage.py rotate_credentials`: every endpoint's credentials under the newest key, so that older ones may go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from upgrades.services import credentials


class Command(BaseCommand):
    help = "Seals the credentials of every endpoint with the first key of CREDENTIALS_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes = list(credentials.rotate_all())
        left = [endpoint.name for endpoint, is_done in outcomes if not is_done]
        self.stdout.write(f"Endpoints sealed with the newest key: {len(outcomes) - len(left)}.")
        if left:
            raise CommandError(
                f"Not moved: {', '.join(left)}. Their key is not in CREDENTIALS_KEYS, or somebody wrote meanwhile: "
                "keep the older keys, run this again, or enter those credentials anew."
            )
