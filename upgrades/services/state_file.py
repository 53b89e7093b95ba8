"""The file that this host keeps outside the database: STATE_DIR/state.json.

Written under a lock, to another name, synced, then renamed, and the folder synced: after a power cut it is the old one
or the new one, never half of one. Any number of processes, and of hosts on a shared volume, may write it.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings

from upgrades.rules import Reason, halts

NAME = "state.json"
LOCK_SECONDS = 2.0
LOCK_PAUSE_SECONDS = 0.01
# Ours are some kilobytes.
_MOST_BYTES = 1 << 20


class Unusable(Exception):
    """The file is there and cannot be read, or it cannot be written. `reason` says which."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.reason = Reason(code, {"path": str(path()), "detail": detail[:300]})


def path() -> Path:
    """Where the file stands, there or not."""
    return Path(settings.STATE_DIR) / NAME


def read() -> halts.Kept | None:
    """What the file says; None where there is none. Raises Unusable."""
    try:
        text = path().read_bytes()[:_MOST_BYTES]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable("halt.file_unreadable", str(error.strerror)) from error
    try:
        return halts.Kept.from_json(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable("halt.file_unreadable", type(error).__name__) from error


def keep(kept: halts.Kept) -> None:
    """Add `kept` to the file, on disk when this returns. Raises Unusable, and then the file is as it was."""
    with held():
        add(kept)


def add(kept: halts.Kept) -> None:
    """`keep`, for who holds the file already."""
    before = read()
    joined = before.joined(kept) if before is not None else kept
    if joined == before:
        return
    try:
        _write(json.dumps(joined.to_json()).encode())
    except OSError as error:
        raise Unusable("halt.file_unwritable", str(error.strerror)) from error


@contextmanager
def held() -> Iterator[None]:
    """Nobody else on this volume writes the file meanwhile. Raises Unusable."""
    try:
        path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path().with_suffix(".lock").open("ab")
    except OSError as error:
        raise Unusable("halt.file_unwritable", str(error.strerror)) from error
    with file:
        _lock(file)
        yield


def _lock(file: IO[bytes]) -> None:
    """Wait for the lock, but not for one who was stopped with it: a tick has other things to do. Raises Unusable."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Unusable("halt.file_unwritable", "locked by another process") from error
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


def _write(content: bytes) -> None:
    new = path().with_suffix(".new")
    with new.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path())
    folder = os.open(path().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
