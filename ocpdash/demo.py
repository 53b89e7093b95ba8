"""What a demo is: its environment, its steps and its processes. ocpdash/supervisor.py keeps them running."""

import os
import secrets
from pathlib import Path

from ocpdash import embedded

BASE_DIR = Path(__file__).resolve().parent.parent

# Short enough to watch, long enough to see each state.
DURATIONS = {
    "POST_SECONDS": "8",
    "UNCONFIRMED_AFTER_SECONDS": "15",
    "CANDIDATE_BEFORE_SECONDS": "60",
    "QUIET_PERIOD_SECONDS": "60",
    "START_TIMEOUT_SECONDS": "60",
    "UNREADABLE_SECONDS": "120",
    "VERIFY_SECONDS": "3",
    "DISAGREE_AFTER_SECONDS": "20",
    "DISAGREE_SECONDS": "30",
    "INVENTORY_SECONDS": "15",
    "STALE_SECONDS": "20",
}


def var_folder() -> Path:
    """Where the demo keeps everything: OCPDASH_VAR, or var/ beside manage.py."""
    return Path(os.environ.get("OCPDASH_VAR") or BASE_DIR / "var").resolve()


def environment() -> dict[str, str]:
    """The variables of every process of the demo. Those of the shell that could lead elsewhere are overwritten."""
    var = var_folder()
    unset = dict.fromkeys(("SECRET_KEY_FILE", "DATABASE_URL_FILE", "DATABASE_OWNER_URL_FILE", "REDIS_URL_FILE"), "")
    return {
        **unset,
        "OCPDASH_MODE": "demo",
        "OCPDASH_VAR": str(var),
        "SECRET_KEY": secret_key(var),
        **embedded.addresses(var),
        **DURATIONS,
    }


def secret_key(var: Path) -> str:
    """The demo's own key, made once, so that sign-ins outlive a restart."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64), encoding="ascii")
    return path.read_text(encoding="ascii")
