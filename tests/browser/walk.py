"""A walk through pages that are looked at in all ways: axe, width, console and title; and what was found on it."""

from typing import Any, Literal

import axe_playwright_python.base as axe
from django.test import Client
from playwright.sync_api import Browser, Page

from tests.faults import lengths
from upgrades.models import User

PHONE = 390
# A rule of axe's that is no fault of ours would be named here, with why; there is none.
# Not preloaded: axe would copy the sheets that a style sheet imports into style elements, which the policy forbids.
ALL_RULES: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
# Of all rules only this one depends on the colours, and so it alone is asked a second time.
COLOURS: dict[str, Any] = {**ALL_RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
# Of rows that are made alike one is enough.
ONE_OF_EACH = {"include": [["html"]], "exclude": [["[data-alike]"]]}
MARK_ALIKE = r"""() => {
  for (const parent of document.querySelectorAll("tbody, ul, ol")) {
    const seen = new Set();
    for (const child of parent.children) {
      const kind = child.outerHTML
        .replace(/ (?!class|type|role|aria-(?:current|disabled|selected|hidden))([\w:-]+)="[^"]+"/g, " $1")
        .replace(/>[^<]*[^<\s][^<]*</g, ">t<");
      child.toggleAttribute("data-alike", seen.has(kind));
      seen.add(kind);
    }
  }
}"""
DOUBLE_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""
# Rows that are cards on a phone hide what is wider than they are.
CUT_OFF = """() => {
  const right = (element) => element.getBoundingClientRect().right;
  const words = [...document.querySelectorAll(".tablebox :is(.state, .badge, .name, .sub)")];
  const cut = words.filter((word) => word.getClientRects().length && right(word) > right(word.closest(".tablebox")));
  return cut.map((word) => word.textContent.trim().slice(0, 40));
}"""
Way = tuple[int, Literal["light", "dark"], dict[str, Any]]
# A phone in light shows the elements of a phone in dark with the colours of a wide page in light.
WAYS: tuple[Way, ...] = ((1440, "light", ALL_RULES), (1440, "dark", COLOURS), (PHONE, "dark", ALL_RULES))
# For another state of a page that was looked at in every way.
STATE = (WAYS[0], WAYS[2])
# In `make test` each look is in one of these, by turns, and axe is asked at every third; make test-faults looks in
# every way and always asks.
IS_SHORT = lengths.length() == "short"
SHORT_STRIDE = 3
# The browser's own line for an answer that the walk asks for: 400, 403, 404, 409.
EXPECTED = "Failed to load resource"


class Walk:
    """One browser window that people use in turn; keeps what is wrong with the pages, by person and address."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.found: dict[str, list[str]] = {}
        self.titles: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self._context = browser.new_context(reduced_motion="reduce", locale="en-GB")
        self._context.add_init_script(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
        self.page = self._context.new_page()
        self.page.on("console", lambda line: self._hear(line.text) if line.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda error: self._hear(str(error)))
        self._sessions: dict[str, str] = {}
        self._looks = 0

    def become(self, user: User | None) -> Page:
        """The window with this person signed in; None is somebody who is not."""
        self._context.clear_cookies()
        if user is not None:
            if user.username not in self._sessions:
                client = Client()
                client.force_login(user)
                self._sessions[user.username] = client.cookies["sessionid"].value
            session = self._sessions[user.username]
            self._context.add_cookies([{"name": "sessionid", "value": session, "url": self.url}])
        return self.page

    def go(self, user: User | None, *addresses: str, ways: tuple[Way, ...] = WAYS) -> None:
        """Load each address and look at it in every way."""
        self.become(user)
        for address in addresses:
            name = f"{user.username if user else 'nobody'} {address}"
            answer = self.page.goto(self.url + address)
            self.statuses[name] = answer.status if answer else 0
            self.look(name, ways)

    def look(self, name: str, ways: tuple[Way, ...] = STATE) -> None:
        """The page as it stands, in each way; the one in which it stands already comes first."""
        self._looks += 1
        if IS_SHORT and ways in (WAYS, STATE):
            ways = STATE[self._looks % 2 :][:1]
        self.page.evaluate(MARK_ALIKE)
        troubles = [f"#{double} stands twice" for double in self.page.evaluate(DOUBLE_IDS)]
        size = self.page.viewport_size
        for width, scheme, options in ways[::-1] if size and size["width"] == PHONE else ways:
            self.page.emulate_media(color_scheme=scheme)
            if self.page.viewport_size != {"width": width, "height": 900}:
                self.page.set_viewport_size({"width": width, "height": 900})
            if not IS_SHORT or not self._looks % SHORT_STRIDE:
                troubles += [f"{width} {scheme} {line}" for line in findings(self.page, options)]
            if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                troubles.append(f"{width}: scrolls sideways")
        title = self.titles[name] = self.page.title()
        if not title.endswith(" · ocpdash") or title.startswith(" "):
            troubles.append(f"its title is {title!r}")
        self.found.setdefault(name, []).extend(troubles)

    def wrong(self) -> dict[str, list[str]]:
        """What was found, without the pages that are well."""
        return {name: lines for name, lines in self.found.items() if lines}

    def close(self) -> None:
        self._context.close()

    def _hear(self, text: str) -> None:
        if EXPECTED not in text:
            self.found.setdefault(self.page.url, []).append(text)


def findings(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe finds: rule, and the elements."""
    result: dict[str, Any] = page.evaluate("([what, options]) => axe.run(what, options)", [ONE_OF_EACH, options])
    return [f"{found['id']}: {[node['target'] for node in found['nodes']][:3]}" for found in result["violations"]]


def titles_that_stand_twice(titles: dict[str, str]) -> dict[str, set[str]]:
    """Titles that two addresses have; filters and views of one page count as that page."""
    pages: dict[str, set[str]] = {}
    for name, title in titles.items():
        _person, found, address = name.partition(" /")
        if found:
            pages.setdefault(title, set()).add(address.partition(" ")[0].partition("?")[0])
    return {title: addresses for title, addresses in pages.items() if len(addresses) > 1}
