"""Redis or PostgreSQL swallow what web sends them: every page answers all the same, or says what is away."""

import random
import threading
import time

import pytest
import requests
from django.test import Client

from tests.faults import lengths, record
from tests.faults.ground import Crew, Services
from tests.faults.proxy import DOWN, UP, Weather
from tests.faults.stories import Story, comes_true, told
from upgrades.models import User

pytestmark = pytest.mark.timeout(1800)

HOLDS = (frozenset({DOWN}), frozenset({UP}), frozenset({UP, DOWN}))
# Without PostgreSQL a page gives up after its connection's 10 s.
PATIENCE = {"redis": 8.0, "database": 25.0}
LIMIT_SECONDS = 60.0
# Who asks for these is no browser, and has no session that would have to be read.
PROBES = ("/healthz", "/readyz")
PAGES = (*PROBES, "/runs/{run}/", "/runs/{run}/snapshot/", "/", "/clusters/", "/sign-in/", "/api/v1/clusters/")


@lengths.longer
def test_a_page_answers_while_redis_or_postgresql_swallow_everything(own_services: Services) -> None:
    """R4, as browsers meet it."""
    services, seeds = own_services, lengths.seeds(0, 6, 60)
    slow: list[str] = []
    about = "pages asked for while Redis or PostgreSQL swallow packets"
    with (
        record.kept("R4-pages", about, seeds=seeds) as part,
        services.turned(),
        Crew(services, ("web", "tick", "follow", "beat")) as crew,
    ):

        def play(story: Story, seed: int) -> None:
            part.count += len(PAGES)
            slow.extend(_look(story, crew, seed))

        found = told(services, seeds, play)
        part.violations = len(found) + len(slow)
    assert found == []
    assert slow == []


def _look(story: Story, crew: Crew, seed: int) -> list[str]:
    """Ask for every page at once in bad weather; which were wrong or late."""
    place = ("redis", "database")[seed % 2]
    assert story.goes(0, 60)
    client = Client()
    client.force_login(User.objects.get(username="olga"))
    cookies = {"sessionid": client.cookies["sessionid"].value}
    # Once in fair weather: connections are open then, and what is kept in Redis is there.
    for page in PAGES:
        requests.get(f"{crew.url}{page.format(run=story.requests[0].pk)}", cookies=cookies, timeout=30)
    proxy, wrong = crew.services.proxies[place], []
    proxy.strike(Weather(holds=HOLDS[seed // 2 % len(HOLDS)]))

    def ask(page: str) -> None:
        began = time.monotonic()
        try:
            answer = _asked(f"{crew.url}{page}", {} if page in PROBES else cookies)
        except requests.RequestException as error:
            wrong.append(f"{place} {page}: {type(error).__name__} after {time.monotonic() - began:.1f} s")
            return
        took = time.monotonic() - began
        if took > PATIENCE[place] or not _is_well(place, page, answer):
            wrong.append(f"{place} {page}: {answer.status_code} after {took:.1f} s")

    threads = [threading.Thread(target=ask, args=(page.format(run=story.requests[0].pk),)) for page in PAGES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proxy.clear_up(is_reset=random.Random(seed).random() < 0.5)  # noqa: S311 (a seed to repeat, no secret)
    assert comes_true(lambda: story.status(0) == "verified", 120)
    return wrong


def _asked(address: str, cookies: dict[str, str]) -> requests.Response:
    return requests.get(address, cookies=cookies, timeout=LIMIT_SECONDS, allow_redirects=False)


def _is_well(place: str, page: str, answer: requests.Response) -> bool:
    """Without Redis every page is there; without PostgreSQL every page says so, and when to come again."""
    if page == "/readyz":
        return answer.status_code == 503 and bool(answer.json()[place] == "down")
    if place == "redis" or page == "/healthz":
        return answer.ok
    words = "database does not answer" in answer.text
    return words and answer.status_code == 503 and answer.headers.get("Retry-After") == "10"
