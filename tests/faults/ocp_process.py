"""A look-alike in a process of its own, so that ours has one thread and may fork; it can be put back to what it was.

Over stdin it takes "keep" and "put back", a line each, and answers "done". It ends with its stdin.
"""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from upgrades.simulator.server import LookAlike

ROOT = Path(__file__).resolve().parent.parent.parent


class OcpProcess:
    """The look-alike, from the test's side: addresses and account as LookAlike has them."""

    def __init__(self, clusters: int = 12) -> None:
        command = [sys.executable, "-m", __name__, str(clusters)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.control_url, self.username, self.password = self._line().split()

    def keep(self) -> None:
        """Remember the world as it is now: clusters, tasks, POSTs, troubles to come."""
        self._tell("keep")

    def put_back(self) -> None:
        """Make the world what it was at keep()."""
        self._tell("put back")

    def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait(timeout=20)
            self._process.stdout.close()

    def _tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._line() == "done"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _kept(look_alike: LookAlike) -> bytes:
    with look_alike.world.lock:
        return pickle.dumps({name: value for name, value in vars(look_alike.world).items() if name != "lock"})


def _put_back(look_alike: LookAlike, kept: bytes) -> None:
    look_alike.faults.clear()
    engine = look_alike.engine
    with look_alike.world.lock:
        vars(look_alike.world).update(pickle.loads(kept))  # noqa: S301 (our own bytes, of this process)
        look_alike._requests.clear()
        engine._heap.clear()
        for task in look_alike.world.tasks.values():
            for subtask in task.subtasks:
                engine._push(task, subtask)


def main(clusters: int) -> None:
    """Serve until stdin ends."""
    look_alike = LookAlike(clusters=clusters, speed=0)
    look_alike.start()
    print(look_alike.url, look_alike.control_url, look_alike.username, look_alike.password, flush=True)
    kept: Any = _kept(look_alike)
    for line in sys.stdin:
        if line.strip() == "keep":
            kept = _kept(look_alike)
        else:
            _put_back(look_alike, kept)
        print("done", flush=True)
    look_alike.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
