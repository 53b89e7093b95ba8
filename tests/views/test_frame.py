"""What holds for every page: policy, request id, error pages, languages, colours, states, no inline code."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import URLPattern, get_resolver, path
from django.utils import timezone

from ocpdash import urls as site_urls
from ocpdash.logs import JsonFormatter
from tests.factories import make_user
from upgrades.models import Heartbeat, User
from upgrades.rules import Reason, workflow
from upgrades.services.moves import Forbidden, Invalid, TooLate
from upgrades.templatetags import ocpdash as tags
from upgrades.views import errors

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
STATIC = settings.BASE_DIR / "static"


def broken(request: HttpRequest) -> HttpResponse:
    logging.getLogger("upgrades.test").warning("about to break")
    raise RuntimeError("a secret detail")


def refusing(request: HttpRequest, kind: str) -> HttpResponse:
    raise {"forbidden": Forbidden, "late": TooLate, "invalid": Invalid}[kind](Reason("user.last_admin"))


urlpatterns = [path("broken/", broken), path("refusing/<str:kind>/", refusing), *site_urls.urlpatterns]
handler400, handler403 = site_urls.handler400, site_urls.handler403
handler404, handler500 = site_urls.handler404, site_urls.handler500


@pytest.fixture
def user(db: None) -> User:
    return make_user("wang.lei", "operator", full_name="Wang Lei")


@pytest.fixture
def client(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def test_urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def test_every_answer_carries_the_policy_and_an_id_of_its_own(client: Client, test_urls: None) -> None:
    seen = set()
    for address in ("/", "/healthz", "/nowhere/", "/broken/", "/refusing/late/", "/sign-in/"):
        answer = client.get(address, headers={"X-Request-Id": "forged"})
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        seen.add(answer.headers["X-Request-Id"])
    assert len(seen) == 6
    assert all(re.fullmatch("[0-9a-f]{16}", request_id) for request_id in seen)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nowhere/", 404, "There is nothing here, or you may not see it"),
        ("/broken/", 500, "Something broke on our side"),
        ("/refusing/forbidden/", 403, "This is the last admin of all environments"),
        ("/refusing/late/", 409, "This is the last admin of all environments"),
        ("/refusing/invalid/", 400, "This is the last admin of all environments"),
        ("/users/", 403, "You may not do that"),
    ],
)
def test_error_page_says_what_and_the_number_to_show(
    client: Client, test_urls: None, address: str, status: int, words: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert words in answer.text
    assert tags.fours(answer.headers["X-Request-Id"]) in answer.text
    assert "a secret detail" not in answer.text
    assert "data-keeps-typed" in answer.text
    assert 'class="btn" href="/' in answer.text


def test_strange_host_gets_a_page_and_not_a_crash(db: None) -> None:
    assert Client().get("/", headers={"Host": "evil.example"}).status_code == 400


def test_log_line_carries_the_id_of_its_request(client: Client, test_urls: None) -> None:
    lines: list[dict[str, str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    handler = Keep()
    logging.getLogger("upgrades.test").addHandler(handler)
    try:
        answer = client.get("/broken/")
    finally:
        logging.getLogger("upgrades.test").removeHandler(handler)
    assert [line["request_id"] for line in lines] == [answer.headers["X-Request-Id"]]


def test_our_500_needs_neither_database_nor_session() -> None:
    # No database mark on this test: pytest-django fails it at the first query.
    answer = errors.server_error(RequestFactory().get("/clusters/?q=a"))
    assert answer.status_code == 500
    assert 'href="/clusters/?q=a"' in answer.text


def test_way_back_is_a_page_of_ours(client: Client, test_urls: None) -> None:
    own = client.get("/refusing/late/", headers={"Referer": "http://testserver/users/7/?tab=roles"})
    assert 'href="/users/7/?tab=roles"' in own.text
    other = client.get("/refusing/late/", headers={"Referer": "https://evil.example/"})
    assert "evil.example" not in other.text


def test_form_sent_after_the_session_ended_comes_back_to_its_page(db: None) -> None:
    answer = Client().post("/users/7/grants/", headers={"Referer": "http://testserver/users/7/"})
    assert answer.headers["Location"] == "/sign-in/?next=/users/7/"


def test_language_follows_the_switch(client: Client) -> None:
    page = client.get("/")
    assert 'lang="en"' in page.text
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    page = client.get("/")
    assert '<html lang="zh-hans"' in page.text
    assert client.post("/language/", {"language": "en", "next": "https://evil.example/"}).headers["Location"] == "/"


def test_colours_follow_the_switch_and_the_system_is_the_default(client: Client) -> None:
    assert "data-theme=" not in client.get("/").text.split("<head>")[0]
    assert client.post("/theme/", {"theme": "dark", "next": "/inbox/"}).headers["Location"] == "/inbox/"
    assert 'data-theme="dark"' in client.get("/").text
    client.post("/theme/", {"theme": '"><script>', "next": "/"})
    assert 'data-theme="dark"' in client.get("/").text
    client.post("/theme/", {"theme": "system", "next": "/"})
    assert "data-theme=" not in client.get("/").text.split("<head>")[0]


def test_single_keys_are_on_until_they_are_switched_off(client: Client) -> None:
    assert "data-no-shortcuts" not in client.get("/").text
    assert client.post("/shortcuts/", {"shortcuts": "off", "next": "/inbox/"}).headers["Location"] == "/inbox/"
    assert "data-no-shortcuts" in client.get("/").text
    client.post("/shortcuts/", {"shortcuts": "perhaps"})
    assert "data-no-shortcuts" in client.get("/").text
    client.post("/shortcuts/", {"shortcuts": "on"})
    assert "data-no-shortcuts" not in client.get("/").text


def test_every_page_but_a_few_needs_a_signed_in_person(db: None) -> None:
    stranger = Client()
    open_to_all = {"theme", "set_language", "healthz", "readyz", "sign-in", "set-password", "metrics"}
    checked = 0
    for pattern in get_resolver("upgrades.urls").url_patterns:
        # The API answers a stranger in its own way: tests/api/permissions.txt.
        if not isinstance(pattern, URLPattern) or pattern.name in open_to_all:
            continue
        name = str(pattern.name)
        address = "/" + re.sub(r"<\w+:\w+>", "1", str(pattern.pattern))
        answer = stranger.get(address)
        assert (answer.status_code, answer.headers.get("Location", "")[:15]) == (302, "/sign-in/?next="), name
        checked += 1
    assert checked > 8


def test_probe_says_ok_without_the_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_readiness_names_parts_and_the_silent_ones(db: None, services: object) -> None:
    client = Client()
    said = client.get("/readyz").json()
    # Where no tick is consumed, nobody knows of beat.
    silent = dict.fromkeys(("worker", "follower", "inventory"), "silent")
    assert said == {"database": "ok", "redis": "ok", "beat": "ok", **silent}
    for name in ("worker", "follower", "queue inventory"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["beat"]) == (200, "silent")
    Heartbeat.objects.create(name="beat", at=timezone.now() - timedelta(seconds=70))
    assert set(client.get("/readyz").json().values()) == {"ok"}
    Heartbeat.objects.filter(name="follower").update(at=timezone.now() - timedelta(seconds=31))
    assert client.get("/readyz").json()["follower"] == "silent"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_holds_no_inline_code_and_no_foreign_address(template: Path) -> None:
    text = template.read_text()
    markup = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text)
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:", markup, re.IGNORECASE)
    for script in re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL):
        assert script.strip() == ""
    assert not re.search(r"(?:src|href)=.https?://", text)
    assert "|safe" not in text
    assert "autoescape off" not in text


@pytest.mark.parametrize("script", sorted((STATIC / "js").glob("*.js")), ids=lambda path: path.name)
def test_script_builds_no_markup_from_text(script: Path) -> None:
    text = script.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert len(text.splitlines()) <= 120


def test_every_status_has_its_icon_word_and_colour() -> None:
    sprite = (STATIC / "icons.svg").read_text()
    statuses = {str(status) for machine in workflow.STATUSES.values() for status in machine}
    statuses |= set(tags.STATUS_WORDS) | tags.OCP_STATUSES | {tags.UNKNOWN}
    assert statuses <= set(tags.STATUS_WORDS) | {tags.UNKNOWN}
    for status in statuses:
        assert f'id="s-{status}"' in sprite, status
    css = (STATIC / "css" / "status.css").read_text()
    # These four are calm: they keep the grey that every state begins with.
    for status in statuses - {"draft", "pending", "done", "info"}:
        assert f'[data-status="{status}"]' in css, status


def test_icons_named_in_templates_exist() -> None:
    sprite = (STATIC / "icons.svg").read_text()
    for template in TEMPLATES:
        for name in re.findall(r'{% icon "([a-z-]+[a-z])"(?!\|)|icon_name="([a-z-]+)"', template.read_text()):
            assert f'id="{name[0] or name[1]}"' in sprite, f"{template}: {name}"


def test_both_dark_blocks_hold_the_same_values() -> None:
    css = (STATIC / "css" / "tokens.css").read_text()
    system = re.search(r":root:not\(\[data-theme=.light.\]\) \{(.*?)\n\}", css, re.DOTALL)
    chosen = re.search(r":root\[data-theme=.dark.\] \{(.*?)\n\}", css, re.DOTALL)
    assert system is not None
    assert chosen is not None
    assert system[1].split() == chosen[1].split()


def test_paper_is_neither_a_phone_nor_dark() -> None:
    for file in sorted((STATIC / "css").glob("*.css")):
        for query in re.findall(r"@media ([^{]+)", file.read_text()):
            is_for_screens = "max-width: 720px" in query or "prefers-color-scheme" in query
            assert query.startswith("screen") or not is_for_screens, f"{file.name}: {query}"


def test_way_back_of_an_error_page_never_leads_to_another_host(client: Client, test_urls: None) -> None:
    page = "http://testserver//evil.example/path?a=b"
    text = client.get("/refusing/late/", headers={"Referer": page}).text
    assert 'href="//evil' not in text
    assert 'href="/%2Fevil.example/path?a=b"' in text


def test_link_to_set_a_password_reaches_no_log() -> None:
    record = logging.makeLogRecord(
        {"msg": "Not Found: /set-password/MTI/abc-def/", "path": "/set-password/MTI/abc-def/"}
    )
    line = JsonFormatter().format(record)
    assert "abc-def" not in line
    assert "/set-password/" in line


@pytest.mark.parametrize("address", ["/", "/change-requests/", "/nowhere/", "/sign-in/", "/sign-out/"])
def test_no_cache_keeps_what_somebody_signed_in_saw(client: Client, address: str) -> None:
    # Pages, error pages, the redirect of somebody who is signed in already, and a refused method.
    assert "no-store" in client.get(address).headers["Cache-Control"]


@pytest.mark.usefixtures("test_urls")
def test_no_cache_keeps_a_page_that_broke(client: Client) -> None:
    assert client.get("/broken/").headers["Cache-Control"] == "no-store"


def test_files_and_probes_may_be_cached_as_they_say_themselves(client: Client) -> None:
    with closing(client.get("/static/css/tokens.css")) as file:
        assert "no-store" not in file.headers["Cache-Control"]
    assert "Cache-Control" not in Client().get("/healthz").headers
