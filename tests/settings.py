"""ocpdash's settings against this test run's own PostgreSQL and Redis, with a fast password hasher."""

import atexit
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from ocpdash import embedded
from tests import servers

# Named by the process, so that two test runs at once do not meet.
SERVICES = Path(tempfile.gettempdir()) / f"ocpdash-test-{os.getpid()}"
# make test-servers; otherwise the embedded ones serve.
GIVEN = servers.Given(servers.POSTGRES, servers.REDIS) if servers.POSTGRES and servers.REDIS else None
if GIVEN:
    atexit.register(GIVEN.release)

ENVIRONMENT = {
    "OCPDASH_MODE": "test",
    "OCPDASH_VAR": str(SERVICES),
    # Walks through all doors call far more often than a program does.
    "API_CALLS_A_MINUTE": "0",
    "SECRET_KEY": "a key for tests alone, long enough that nobody minds it at all",
    # One for the run: processes that a test starts read the rows that the test wrote.
    "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
    **(GIVEN.addresses if GIVEN else embedded.addresses(SERVICES)),
}
os.environ.update(ENVIRONMENT)

from ocpdash.settings import *  # noqa: E402, F403 (the variables come first)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Nothing is collected for tests: WhiteNoise serves the source folder.
STATIC_ROOT = None  # type: ignore[assignment]
# A file is looked for as it is asked for: to list all of them for each test's client costs a twentieth of the time.
WHITENOISE_AUTOREFRESH = True
