"""T28: what tells of the inside has a lock. Probes say ok and no more; debug, metrics and documents are nobody's."""

import os
import re
import subprocess
import sys

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.test_settings import PRODUCTION, ROOT

# What people who look for a door try: none of it may be here, whoever asks.
KNOCKED = (
    "/debug/", "/__debug__/", "/silk/", "/admin/", "/metrics/", "/prometheus", "/actuator", "/actuator/env", "/status",
    "/server-status", "/health", "/healthz/details", "/api/", "/api/docs", "/api/schema/", "/swagger", "/swagger.json",
    "/openapi.json", "/openapi.yaml", "/redoc", "/graphql", "/.env", "/.git/config", "/config", "/settings.py",
    "/manage.py", "/static/../ocpdash/settings.py", "/media/", "/flower", "/celery", "/console", "/phpinfo.php",
    "/doctor.json", "/var/state/state.json", "/static/%2e%2e/ocpdash/settings.py",
)  # fmt: skip
SECRETS = ("postgresql://", "Traceback", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "django.db", "site-packages")


def ask(path: str, **headers: str):
    return Client(raise_request_exception=False).get(path, headers=headers)


def test_the_probe_says_ok_and_nothing_else():
    answer = ask("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert not {"Server", "X-Powered-By", "Via"} & set(answer.headers)


@pytest.mark.django_db
def test_the_other_probe_names_parts_and_no_detail():
    answer = ask("/readyz")
    assert set(answer.json().values()) <= {"ok", "down", "silent"}
    assert set(answer.json()) <= {"database", "redis", "worker", "follower", "inventory", "beat"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", KNOCKED)
def test_nobody_finds_another_door(path: str):
    answer = ask(path)
    assert answer.status_code in (301, 302, 400, 401, 404), path
    if answer.status_code == 302:
        assert answer.headers["Location"].startswith("/sign-in/?next=")
    text = answer.content.decode(errors="replace")
    assert not [word for word in SECRETS if word in text]


def paths(patterns: object = None, prefix: str = "/") -> list[str]:
    """Every address of ours, each parameter 1."""
    found = []
    for pattern in (patterns or get_resolver()).url_patterns:  # type: ignore[attr-defined]
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            found += paths(pattern, path)
        else:
            found.append(re.sub(r"<[^>]+>", "1", path))
    return found


# What answers somebody who is nobody: probes, and the way in.
OPEN = {"/healthz", "/readyz", "/sign-in/"}


@pytest.mark.django_db
def test_whoever_is_nobody_is_led_to_the_sign_in_everywhere_else():
    every = paths()
    assert len(every) > 80
    answers = {path: ask(path).status_code for path in every}
    assert {path for path, status in answers.items() if status == 200} == OPEN
    assert {status for path, status in answers.items() if path not in OPEN} <= {302, 401, 404, 405}


@pytest.mark.django_db
def test_documents_of_the_api_and_metrics_want_a_name():
    for path in ("/api/v1/schema/", "/api/v1/docs/", "/doctor/"):
        assert ask(path).status_code in (302, 401, 404), path
    assert ask("/metrics").status_code == 404
    assert ask("/metrics", Authorization="Bearer anything").status_code == 404


@pytest.mark.django_db
def test_an_error_tells_its_number_and_nothing_of_the_inside():
    answer = Client(raise_request_exception=False).get("/clusters/", {"page": "\x00"})
    text = answer.content.decode(errors="replace")
    assert not [word for word in SECRETS if word in text]


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    code = "import ocpdash.settings as s; print(s.DEBUG)"
    command = [sys.executable, "-c", code]
    given = {"PATH": os.environ["PATH"], **PRODUCTION, **environment}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("mode", ["production", "demo"])
def test_debug_cannot_be_switched_on_from_outside(mode: str):
    """There is no variable for it: DEBUG is off in every mode, loopback or not."""
    switches = {"DEBUG": "true", "DJANGO_DEBUG": "1", "OCPDASH_DEBUG": "1"}
    done = started(OCPDASH_MODE=mode, **switches)
    assert done.stdout.strip() == "False", done.stderr


def test_a_short_token_for_the_metrics_is_refused_in_production():
    done = started(METRICS_TOKEN="k" * 31)
    assert "METRICS_TOKEN must have 32 characters or more." in done.stderr
    assert started(METRICS_TOKEN="k" * 32).returncode == 0
