"""Committed keys and passwords: whatever detect-secrets finds that .ci/secrets.txt does not know.

.venv-audit/bin/python .ci/secrets.py [--keep]: --keep writes down what is found, after a look at each line that is new.
Its own baseline would fail whenever a line moves.
"""

import subprocess
import sys
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings, get_plugins, transient_settings

KNOWN = Path(__file__).with_name("secrets.txt")
# Names for what is no secret there: the samples of OCP's answers are full of hashes.
LEFT_OUT = ("docs/openapi.yaml",)
# Tests hold throw-away passwords. Keys that mean something somewhere look otherwise.
LOOSE = {"KeywordDetector", "BasicAuthDetector", "HexHighEntropyString", "Base64HighEntropyString"}


def found(files: list[str]) -> set[str]:
    """A line each: file, kind and the secret's SHA-1."""
    secrets = (secret for file in files for secret in scan_file(file))
    return {f"{secret.filename} {secret.type}: {secret.secret_hash}" for secret in secrets}


def main() -> int:
    """1 where something is new."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603 (nothing of it is from outside)
    files = [file for file in listed.split("\0") if file and file not in LEFT_OUT and Path(file).is_file()]
    with default_settings():
        lines = found([file for file in files if not file.startswith("tests/")])
        strict = [{"name": type(plugin).__name__} for plugin in get_plugins() if type(plugin).__name__ not in LOOSE]
    with transient_settings({"plugins_used": strict}):
        lines |= found([file for file in files if file.startswith("tests/")])
    if "--keep" in sys.argv:
        KNOWN.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
        return 0
    fresh = sorted(lines - set(KNOWN.read_text(encoding="utf-8").splitlines()))
    for line in fresh:
        sys.stderr.write(f"{line}\n")
    if fresh:
        sys.stderr.write("A secret? Take it out, make a new one. None? .venv-audit/bin/python .ci/secrets.py --keep\n")
    return 1 if fresh else 0


if __name__ == "__main__":
    sys.exit(main())
