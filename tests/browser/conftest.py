"""People in browsers of their own, over the product's own processes and a look-alike that is connected."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests import scenes
from tests.factories import make_user
from tests.journey.hands import Keys
from tests.journey.steps import Person
from tests.stack import Stack
from upgrades.simulator.server import LookAlike

PASSWORD = "correct horse battery"
CAST = {"olga": "operator", "amir": "approver", "uma": "auditor", "ada": "admin"}

Meet = Callable[..., Person]


@pytest.fixture
def town(look_alike: LookAlike, settings: Any, stack: Stack) -> Stack:
    """A web process, a look-alike whose lists are mirrored, and people who may sign in."""
    scenes.connect(look_alike, settings)
    stack.environment |= {
        "OCP_URL": look_alike.url,
        "OCP_USERNAME": look_alike.username,
        "OCP_PASSWORD": look_alike.password,
        "OCP_ALLOW_HTTP": "1",
        "OCP_ACCOUNT_IS_OURS": "1",
        "FOLLOW_OPEN_SECONDS": "1",
        "VERIFY_SECONDS": "1",
    }
    # Passwords as the web process checks them, which knows nothing of the tests' fast hasher.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    for username, role in CAST.items():
        make_user(username, role, password=PASSWORD)
    stack.start_web()
    return stack


@pytest.fixture
def meet(town: Stack, page: Page, chromium: Browser) -> Iterator[Meet]:
    """meet("olga"): a person, signed in. The first one has the `page` whose picture a failed test leaves."""
    people: list[Person] = []

    def meet(username: str, *, has_mouse: bool = True, **context: Any) -> Person:
        """`context`: what Chromium's context is made with; another page then."""
        own = page
        if people or context:
            own = chromium.new_context(
                **{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"} | context
            ).new_page()
        person = Person(own, town.url, username, PASSWORD, None if has_mouse else Keys(own))
        people.append(person)
        person.sign_in()
        return person

    yield meet
    complaints = [line for person in people for line in person.complaints]
    for person in people:
        if person.page is not page:
            person.page.context.close()
    assert complaints == []
