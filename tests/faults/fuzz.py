"""R12, the readers of OCP's answers: python -m tests.faults.fuzz [INPUTS] plays bytes that grow out of documented ones.

Atheris watches which lines of the client a body reaches, and keeps those that reach new ones. Each body is read as
every kind of answer in turn. Only what the client catches may be raised: everything else would be a worker's end.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults import record

PAYLOADS = Path(__file__).parent.parent / "payloads"
FOUND = Path(__file__).resolve().parent.parent.parent / "var" / "test-failures"
INPUTS = 1_000_000
LONGEST_BYTES = 20_000
STATUSES = (400, 401, 403, 404, 409, 429, 500, 502, 302, 204)


def readers() -> list[Callable[[object], object]]:
    """Return what reads the data of an answer, one for each kind."""
    from upgrades.ocp import parse, parse_checks, parse_tasks

    rows = (
        parse.cluster, parse.zone, parse.server, parse.parameter, parse.package, parse.info, parse_tasks.task,
        parse_tasks.log, parse_checks.alarm, parse_checks.data_backup_task, parse_checks.audit_record,
        parse_checks.backup_overview,
    )  # fmt: skip
    lists = [lambda data, build=build: [build(row) for row in parse.page(data).rows] for build in rows]
    return [*lists, *(lambda data, build=build: build(parse.row(data)) for build in rows)]


def fuzz(inputs: int, corpus: str) -> None:
    """Play so many inputs, and end the process: by 0, or by the first that raises what nobody catches."""
    import atheris

    with atheris.instrument_imports(include=["upgrades.ocp"]):
        from upgrades.ocp import envelope, errors

        kinds = readers()

    def play(data: bytes) -> None:
        kind, body = data[0] if data else 0, data[1:]
        try:
            found, _trace_id = envelope.data_of(200, body, str)
            kinds[kind % len(kinds)](found)
        except (ValueError, errors.OcpError):
            pass
        envelope.error_of(STATUSES[kind % len(STATUSES)], body, {}, str)

    FOUND.mkdir(parents=True, exist_ok=True)
    options = [
        f"-artifact_prefix={FOUND}/",
        f"-atheris_runs={inputs}",
        f"-max_len={LONGEST_BYTES}",
        "-len_control=0",
        "-verbosity=0",
        "-seed=1",
    ]
    atheris.Setup([sys.argv[0], *options, corpus], play)
    atheris.Fuzz()


def seed(corpus: Path) -> None:
    """Write what the bytes grow out of: each documented answer, as each kind of it."""
    for number, path in enumerate(sorted(PAYLOADS.glob("*.json"))):
        body = path.read_bytes()
        for kind in range(len(readers())):
            (corpus / f"{number}-{kind}").write_bytes(bytes([kind]) + body)


def main(given: list[Any]) -> int:
    """Play in a process of its own, and keep what came of it; 1 where an input broke a reader."""
    inputs = int(given[0]) if given else INPUTS
    with tempfile.TemporaryDirectory() as corpus:
        seed(Path(corpus))
        begun = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "tests.faults.fuzz", "--play", str(inputs), corpus], check=False)
    about = "bytes grown out of documented answers, read as every kind of answer"
    broken = int(done.returncode != 0)
    seconds = time.monotonic() - begun
    record.keep("R12-parser", about, count=inputs, violations=broken, seeds=range(1, 2), seconds=seconds)
    return broken


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        fuzz(int(sys.argv[2]), sys.argv[3])
    sys.exit(main(sys.argv[1:]))
