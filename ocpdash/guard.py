"""Ends process groups when the process that started them is gone, be it by kill -9.

Run as a script of its own, with nothing imported that is slow to load. Standard input is a pipe whose other end
only the starter holds: "+ GROUP SIGNAL" puts a group under guard, "- GROUP" takes it out, and the pipe's end means
that the starter is gone or is done.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 3.0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        word, group, *rest = line.split()
        if word == "+":
            groups[int(group)] = int(rest[0])
        else:
            groups.pop(int(group), None)
    for group, ending in groups.items():
        send(group, ending)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(send(group, 0) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Signals a group; False where nobody of it is left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # macOS answers so for a group of zombies.
        return False
    return True


if __name__ == "__main__":
    main()
