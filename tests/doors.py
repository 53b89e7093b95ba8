"""Every address, every method, and what each person gets there: permissions.txt, a row of which is a Door."""

from dataclasses import dataclass
from pathlib import Path

from django.urls import get_resolver

TABLE = Path(__file__).with_name("permissions.txt")
# What answers GET and is no page: probes, files, parts of a page.
NO_PAGES = {
    "healthz",
    "readyz",
    "metrics",
    "clusters-export",
    "audit-export",
    "runs-snapshot",
    "runs-graph",
    "runs-log",
    "runs-log-file",
    "attachments-detail",
}


@dataclass(frozen=True)
class Door:
    """One row: what each person gets by this method at this address, and the audit action of an act."""

    name: str
    method: str
    answers: dict[str, str]
    action: str

    def __str__(self) -> str:
        return f"{self.name}-{self.method}"

    def people(self, *answers: str) -> list[str]:
        """Who gets one of `answers`."""
        return [person for person, answer in self.answers.items() if answer in answers]


def table(path: Path = TABLE) -> list[Door]:
    """The rows of permissions.txt, or of another table like it; its first line that is no comment names the people."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    head, *rows = [line.replace("|", " ").split() for line in lines]
    people = head[2:-1]
    doors = []
    for name, method, *answers, action in rows:
        assert len(answers) == len(people), name
        doors.append(Door(name, method, dict(zip(people, answers, strict=True)), action.strip("-")))
    return doors


def names() -> set[str]:
    """Every named address of the product."""
    return {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
