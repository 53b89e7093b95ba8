"""The image and the compose file, without an engine: read by Docker Compose itself, and held against the settings."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ocpdash import demo, embedded, processes
from ocpdash.celery import WORKER_THREADS, WORKERS
from tests.stack import Stack
from upgrades.management.commands.demo import Command

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
OURS = ("migrate", "web", "worker-tick", "worker-follow", "beat")
# Not ours to read: uvicorn's own.
OF_OTHERS = {"FORWARDED_ALLOW_IPS"}
EVERYWHERE = "0.0.0.0"  # noqa: S104 (inside a container, whose engine publishes on loopback)
SECRET_FILES = {
    "secret_key": "k" * 64,
    "credentials_keys": "bm90IGEga2V5LCBvbmx5IGFzIGxvbmcgYXMgb25lIGk=",
    "database_url": "postgresql://ocpdash:app1@postgres:5432/ocpdash",
    "database_owner_url": "postgresql://ocpdash_owner:owner1@postgres:5432/ocpdash",
    "postgres_password": "super1",
    "ocp_password": "ocp1",
}


def compose(profile: str, *, env_file: Path) -> dict[str, Any]:
    """The file as Compose understands it for that profile."""
    command = [BIN / "docker-compose", "--file", ROOT / "docker-compose.yml", "--env-file", env_file]
    done = subprocess.run(
        [*command, "--profile", profile, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "COMPOSE_PROFILES": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "variable is not set" not in done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    return compose("production", env_file=ROOT / ".env.example")["services"]


@pytest.fixture(scope="module")
def variables() -> dict[str, dict[str, Any]]:
    """What the settings read in production, as environment.py has noted it."""
    code = (
        "import json, ocpdash.settings; from dataclasses import asdict; from ocpdash.environment import VARIABLES;"
        "print(json.dumps({name: asdict(variable) for name, variable in VARIABLES.items()}))"
    )
    done = load_settings(from_dockerfile(), code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def load_settings(environment: dict[str, str], code: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def from_dockerfile() -> dict[str, str]:
    """The variables with which the image collects its static files."""
    (step,) = re.findall(r"^RUN (OCPDASH_MODE=.*?) python manage\.py", DOCKERFILE, re.DOTALL | re.MULTILINE)
    return dict(word.split("=", 1) for word in step.replace("\\\n", " ").split())


def allowed(variables: dict[str, dict[str, Any]]) -> set[str]:
    files = {f"{name}_FILE" for name, variable in variables.items() if variable["is_secret"]}
    return {*variables, *files, *OF_OTHERS}


def test_the_demo_needs_nothing_at_all(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    (service,) = compose("demo", env_file=empty)["services"].values()
    assert not {"environment", "secrets", "depends_on"} & {name for name, value in service.items() if value}
    (port,) = service["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8000", 8000)


def test_production_is_whole(production: dict[str, Any]) -> None:
    assert set(production) == {"postgres", "redis", *OURS}
    for name, service in production.items():
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "healthcheck" in service or name == "migrate"
        published = {port["host_ip"] for port in service.get("ports", [])}
        assert published <= {"127.0.0.1"}
    for name in OURS:
        assert production[name]["cap_drop"] == ["ALL"], name


@pytest.mark.parametrize("name", OURS)
def test_settings_load_with_exactly_what_compose_gives(
    production: dict[str, Any], variables: dict[str, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    service = production[name]
    given = service["environment"]
    assert sorted(set(given) - allowed(variables)) == []
    for secret in service["secrets"]:
        (tmp_path / secret["source"]).write_text(SECRET_FILES[secret["source"]])
    environment = {key: str(value).replace("/run/secrets", str(tmp_path)) for key, value in given.items()}
    code = "import ocpdash.settings as s; print(*sorted(s.DATABASES), bool(s.OCP_PASSWORD))"
    done = load_settings(environment, code)
    assert done.returncode == 0, done.stderr
    # The owner is for migrate alone, OCP's password for whoever reaches OCP.
    databases = "default owner" if name == "migrate" else "default"
    assert done.stdout.split() == [*databases.split(), str(name.startswith("worker"))]


def test_the_secrets_that_the_page_tells_to_make_are_those_of_the_compose_file(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"<!-- secrets -->\n```sh\n(.*?)```", page, re.DOTALL)
    (tmp_path / ".env.example").touch()
    subprocess.run(["sh", "-eu", "-c", snippet], cwd=tmp_path, check=True)
    assert {path.name for path in (tmp_path / "secrets").iterdir()} == set(SECRET_FILES)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    environment = {f"{name.upper()}_FILE": str(tmp_path / "secrets" / name) for name in SECRET_FILES}
    environment |= {"ALLOWED_HOSTS": "ocpdash.example", "REDIS_URL": "redis://redis"}
    done = load_settings(environment, "import ocpdash.settings as s; print(*s.DATABASES)")
    assert done.stdout.split() == ["default", "owner"], done.stderr


def test_only_what_must_reach_the_world_can(production: dict[str, Any]) -> None:
    outside = {name for name, service in production.items() if "outside" in service["networks"]}
    assert outside == {"web", "worker-tick", "worker-follow"}


def test_the_example_names_what_compose_asks_for_and_nothing_else(variables: dict[str, dict[str, Any]]) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert named == asked | {"COMPOSE_PROFILES"}
    assert sorted(asked - allowed(variables)) == []


def test_the_dockerfile_names_known_variables_and_files_that_exist(variables: dict[str, dict[str, Any]]) -> None:
    assert sorted(set(from_dockerfile()) - allowed(variables)) == []
    lets_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1:]
    for source in re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in lets_through, source
    # The last word decides; secrets are not among what is let through.
    assert lets_through[0] == "*"
    assert not any(fnmatch(name.lstrip("!"), pattern) for name in lets_through for pattern in ("*secret*", "*.env*"))


def test_the_image_runs_as_somebody_without_rights() -> None:
    for target in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:-1]:
        assert re.findall(r"^USER (\S+)$", target, re.MULTILINE)[-1] == "10001"
    assert re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "ocpdash"


def test_every_way_to_run_it_keeps_glibcs_heaps_few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The soak found a worker of sixteen threads to grow by 7 % in a quarter of an hour without."""
    monkeypatch.setenv("OCPDASH_VAR", str(tmp_path))
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all("MALLOC_ARENA_MAX=2" in text for text in (DOCKERFILE, page))
    assert demo.environment()["MALLOC_ARENA_MAX"] == "2"


def command_of(target: str) -> list[str]:
    """The CMD of a target of the Dockerfile."""
    stage = DOCKERFILE.split(f"AS {target}\n")[1].split("\nFROM ")[0]
    return json.loads(re.search(r"^CMD (\[.*?\])$", stage.replace("\\\n", ""), re.MULTILINE).group(1))


def test_commands_are_those_of_the_demo(production: dict[str, Any]) -> None:
    assert command_of("ocpdash") == demo.web(8000, EVERYWHERE)[2:]
    wanted = {f"worker-{name}": demo.worker(name, queues, WORKER_THREADS)[4:] for name, queues in WORKERS.items()}
    wanted["beat"] = demo.beat()[2:]
    for name, command in wanted.items():
        # A terminal's banner is of no use in the demo; logs of containers may have it.
        assert production[name]["command"] == [word for word in command if word != "--quiet"]
    assert all((BIN / word).exists() for word in ("celery", "uvicorn", "python"))
    assert production["migrate"]["command"] == ["python", "manage.py", "migrate"]


def test_the_demo_of_the_image_listens_where_its_port_is_published() -> None:
    program, script, name, *arguments = command_of("demo")
    assert (program, script, name) == ("python", "manage.py", "demo")
    options = Command().create_parser("manage.py", "demo").parse_args(arguments)
    assert (options.port, options.listen) == (8000, EVERYWHERE)
    assert demo.web(options.port, options.listen)[5:7] == [EVERYWHERE, "--port"]


def check(test: list[str], environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A health check as the engine runs it, with the image's Python."""
    command = [sys.executable if word == "python" else word for word in test[1:]]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["worker-tick", "worker-follow", "beat"])
def test_a_health_check_sees_who_works_and_who_stopped(
    production: dict[str, Any], stack: Stack, tmp_path: Path, name: str
) -> None:
    test = production[name]["healthcheck"]["test"]
    file = tmp_path / "pulse"
    environment = {"PULSE_FILE": str(file)}
    assert "no sign of life yet" in check(test, environment).stderr
    if name != "beat":
        stack.start_beat()
        if name == "worker-follow":
            stack.start_worker("tick")
    stack.environment |= environment
    stack.start_beat() if name == "beat" else stack.start_worker(name.removeprefix("worker-"))
    assert processes.wait_until(lambda: check(test, environment).returncode == 0, 15)
    stack.kill(name)
    os.utime(file, (0, 0))
    done = check(test, environment)
    assert (done.returncode, done.stderr[:10]) == (1, "silent for")


def test_the_health_check_of_the_web_process(production: dict[str, Any], stack: Stack) -> None:
    test = production["web"]["healthcheck"]["test"]
    environment = {"ALLOWED_HOSTS": ".example.com,127.0.0.1"}
    assert "no answer" in check(test, environment, str(stack.port)).stderr
    stack.environment |= environment
    stack.start_web()
    assert check(test, environment, str(stack.port)).returncode == 0
    done = check(test, {"ALLOWED_HOSTS": "stranger.example"}, str(stack.port))
    assert "/healthz answers 400" in done.stderr


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[embedded.Services]:
    """A PostgreSQL without any of our roles."""
    guard = processes.Guard()
    services = embedded.Services(tmp_path / "data", guard=guard, is_durable=False)
    services.start()
    with psycopg.connect(services.superuser_url.replace("/ocpdash?", "/postgres?"), autocommit=True) as connection:
        connection.execute("DROP DATABASE ocpdash")
        connection.execute("DROP ROLE ocpdash, ocpdash_owner")
    yield services
    services.stop()
    guard.close()


def make_roles(services: embedded.Services, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{embedded.binary('psql').parent}:{os.environ['PATH']}",
        "PGHOST": f"{services.sockets}/pg",
        "DATABASE_URL_FILE": str(folder / "database_url"),
        "DATABASE_OWNER_URL_FILE": str(folder / "database_owner_url"),
    }
    command = ["bash", "-Eeo", "pipefail", ROOT / "deploy" / "roles.sh"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_first_start_makes_the_roles_of_the_two_addresses(fresh: embedded.Services, tmp_path: Path) -> None:
    for name in ("database_url", "database_owner_url"):
        (tmp_path / name).write_text("postgresql://nobody@postgres/ocpdash")
    done = make_roles(fresh, tmp_path)
    assert done.returncode != 0
    assert "must look like postgresql://ocpdash_owner:password@" in done.stderr
    for name in ("database_url", "database_owner_url"):
        (tmp_path / name).write_text(SECRET_FILES[name] + "\n")
    done = make_roles(fresh, tmp_path)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(fresh.superuser_url) as connection:
        roles = connection.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid"
            " WHERE rolname LIKE 'ocpdash%' ORDER BY 1"
        ).fetchall()
        assert roles == [("ocpdash", True, False, True), ("ocpdash_owner", True, False, True)]
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'ocpdash'"
        assert connection.execute(owner).fetchone() == ("ocpdash_owner",)
