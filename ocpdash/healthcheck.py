"""A container's health check: healthcheck.py web | pulse. Ends with 0 where the process beside it lives, else with 1.

Run as a script of its own, with nothing imported that is slow to load: it starts every few seconds.
"""

import http.client
import os
import sys
import time
from pathlib import Path

# Celery workers and beat have something to do each second; a job that waits for OCP may keep every thread this long.
LONGEST_SILENCE_SECONDS = 90.0
ANSWER_SECONDS = 3.0


def main() -> None:
    kind, *rest = sys.argv[1:]
    trouble = {"web": web, "pulse": pulse}[kind](*rest)
    if trouble:
        sys.exit(trouble)


def web(port: str = "8000") -> str:
    """What is wrong with the web process on that port, or nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host()})
        status = connection.getresponse().status
    except OSError as error:
        return f"no answer: {error}"
    return "" if status == http.HTTPStatus.OK else f"/healthz answers {status}"


def host() -> str:
    """A name that Django's ALLOWED_HOSTS lets pass: its first one, without the dot that stands for subdomains."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return "127.0.0.1" if first in {"", "*"} else first


def pulse() -> str:
    """What is wrong with the worker or beat that touches PULSE_FILE, or nothing."""
    file = Path(os.environ.get("PULSE_FILE", ""))
    try:
        silence = time.time() - file.stat().st_mtime
    except OSError as error:
        return f"no sign of life yet: {error}"
    return "" if silence < LONGEST_SILENCE_SECONDS else f"silent for {silence:.0f} s"


if __name__ == "__main__":
    main()
