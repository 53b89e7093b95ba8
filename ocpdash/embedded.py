"""Embedded PostgreSQL and Redis, for the demo and the tests: start() -> URLs, stop(). Never a TCP port."""

import hashlib
import os
import tempfile
from pathlib import Path

# unix socket paths end at 104 bytes on macOS and 107 on Linux; below this, ours fit with room to spare.
LONGEST_TEMPORARY_FOLDER = 55


def socket_folder(data: Path) -> Path:
    """A short private folder for the sockets of the services whose data lies in `data`: always the same one."""
    temporary = tempfile.gettempdir()
    parent = Path(temporary if len(temporary) <= LONGEST_TEMPORARY_FOLDER else "/tmp")  # noqa: S108 (checked to be ours)
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:10]
    return parent / f"ocpdash-{os.geteuid()}-{digest}"


def addresses(data: Path) -> dict[str, str]:
    """The variables that reach the services whose data lies in `data`, running or not."""
    folder = socket_folder(data)
    return {
        "DATABASE_URL": f"postgresql://ocpdash@/ocpdash?host={folder}/pg",
        "DATABASE_OWNER_URL": f"postgresql://ocpdash_owner@/ocpdash?host={folder}/pg",
        "REDIS_URL": f"unix://{folder}/redis.sock",
    }
