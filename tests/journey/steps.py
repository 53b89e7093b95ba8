"""What people do in ocpdash, step by step. Pages are found by address and shape, so that any language will do."""

import re

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from tests.journey.hands import Hands, Mouse

REQUEST_PAGE = re.compile(r"/change-requests/(\d+)/$")
SLOW_PAGE_MS = 15_000


class Person:
    """Somebody with a browser of their own. `complaints` holds what the browser found wrong with our pages."""

    def __init__(self, page: Page, url: str, username: str, password: str, hands: Hands | None = None) -> None:
        self.page = page
        self.url = url
        self.username = username
        self.complaints: list[str] = []
        self._password = password
        self.hands = hands or Mouse()
        page.set_default_timeout(SLOW_PAGE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def sign_in(self) -> None:
        """From nowhere to the first page."""
        self.page.goto(f"{self.url}/sign-in/")
        self.fill_in_sign_in()

    def fill_in_sign_in(self) -> None:
        """Sign in on the page that asks for it, wherever it leads on."""
        page = self.page
        self.hands.write(page.locator("input[name=username]"), self.username)
        self.hands.write(page.locator("input[name=password]"), self._password)
        self.hands.press(page.locator("form:has(input[name=password]) button[type=submit]"))
        expect(page.locator("nav.nav")).to_be_attached(timeout=SLOW_PAGE_MS)

    def open_cluster(self, name: str) -> None:
        """Through the list of clusters, to one of them."""
        self.page.goto(f"{self.url}/clusters/")
        self.hands.press(self.page.locator("main a.name").filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$")))
        expect(self.page).to_have_url(re.compile(r"/clusters/\d+/$"))

    def begin_request(self) -> None:
        """From a cluster's page to the form."""
        self.hands.press(self.page.locator("main a[href*='/change-requests/new/']").first)
        expect(self.page).to_have_url(re.compile(r"/change-requests/new/\?cluster=\d+"))

    def fill_in_request(self, purpose: str, target: str = "") -> None:
        """Choose the package (`target`: a part of its file name; the first one otherwise) and say why."""
        choices = self.page.locator("input[name=target_file_name]")
        chosen = self.page.locator(f"input[name=target_file_name][value*='{target}']") if target else choices
        self.hands.choose(chosen.first)
        self.hands.write(self.purpose, purpose)

    @property
    def purpose(self) -> Locator:
        """The field that says why."""
        return self.page.locator("textarea[name=purpose]")

    def save_request(self) -> int:
        """Write the draft; return the request's number."""
        self.hands.press(self.page.locator("form:has(textarea[name=purpose]) button[type=submit]"))
        self.page.wait_for_url(REQUEST_PAGE)
        found = REQUEST_PAGE.search(self.page.url)
        assert found is not None
        return int(found[1])

    def send_request(self) -> None:
        """Send the draft that the page shows to its approvers."""
        self._send("submit")
        self.await_status("in_review")

    def open_request(self, number: int) -> None:
        """The page that people sign."""
        self.page.goto(f"{self.url}/change-requests/{number}/")

    def approve(self, comment: str) -> None:
        """Sign the plan that the page shows."""
        form = self.page.locator("form[action$='/votes/']")
        self.hands.write(form.locator("textarea[name=comment]"), comment)
        self.hands.press(form.locator("button[value=approve]"))
        self.page.wait_for_url(REQUEST_PAGE)

    def start(self) -> None:
        """Say that there is no way back, and start."""
        form = self.page.locator("form[action$='/start/']")
        self.hands.choose(form.locator("input[name=is_understood]"))
        self.hands.press(form.locator("button[type=submit]"))
        self.page.wait_for_url(REQUEST_PAGE)

    def watch(self, number: int, node: str = "") -> None:
        """Open the run's page, with the subtask `node` ("task id/subtask id") chosen."""
        answer = self.page.goto(f"{self.url}/runs/{number}/" + (f"?node={node}" if node else ""))
        assert answer is not None
        assert answer.ok, f"the run page answers {answer.status}"

    def await_status(self, status: str, seconds: float = 15) -> None:
        """Wait until the head of the page shows this status."""
        expect(self.badge(status)).to_be_visible(timeout=seconds * 1000)

    def badge(self, status: str) -> Locator:
        """The status in the head of a page."""
        return self.page.locator(f"main .head .badge[data-status='{status}']").first

    def trouble(self, name: str) -> Locator:
        """The banner of a trouble on a run's page: ocp, worker or page."""
        return self.page.locator(f"main [data-trouble='{name}']")

    def propose(self, kind: str, purpose: str) -> None:
        """Propose a decision on the run's page."""
        form = self.page.locator(f"form[action$='/decisions/']:has(input[name=kind][value={kind}])")
        fold = self.page.locator("details", has=form)
        if fold.get_attribute("open") is None:
            self.hands.press(fold.locator("summary").first)
        self.hands.write(form.locator("textarea[name=purpose]"), purpose)
        self.hands.press(form.locator("button[type=submit]"))
        self.page.wait_for_url(re.compile(r"/runs/\d+/"))

    @property
    def retry_button(self) -> Locator:
        """The retry of the chosen subtask, on the run's page, where it may be pressed."""
        return self.page.locator("#actions form:has(input[name=kind][value=retry]) button[type=submit]")

    def retry(self) -> None:
        """Ask for a retry of the chosen subtask."""
        self.hands.press(self.retry_button)
        self.page.wait_for_url(re.compile(r"/runs/\d+/\?node="))

    def propose_step(self, kind: str, purpose: str, cluster: str) -> None:
        """Propose to skip or cancel the chosen subtask, with the cluster's name typed."""
        form = self.page.locator(f"form:has(input[name=cluster_name]):has(input[name=kind][value={kind}])")
        self.hands.press(self.page.locator("#actions details", has=form).locator("summary").first)
        self.hands.write(form.locator("textarea[name=purpose]"), purpose)
        self.hands.write(form.locator("input[name=cluster_name]"), cluster)
        self.hands.press(form.locator("button[type=submit]"))
        self.page.wait_for_url(re.compile(r"/runs/\d+/$"))

    def confirm(self, cluster: str = "") -> None:
        """Confirm what somebody else proposed, on the run's page; of a step with the cluster's name typed."""
        form = self.page.locator("form[action$='/confirm/']")
        if cluster:
            self.hands.write(form.locator("input[name=cluster_name]"), cluster)
        self.hands.choose(form.locator("input[name=is_read]"))
        self.hands.press(form.locator("button[type=submit]"))
        self.page.wait_for_url(re.compile(r"/runs/\d+/"))

    def change_language(self, code: str) -> None:
        """Press the button of another language."""
        self.hands.press(self.page.locator(f"button[name=language][value={code}]:visible").first)
        expect(self.page.locator("html")).to_have_attribute("lang", code)

    def _send(self, action: str) -> None:
        self.hands.press(self.page.locator(f"form[action$='/{action}/'] button[type=submit]"))
        self.page.wait_for_url(REQUEST_PAGE)

    def _hear(self, message: ConsoleMessage) -> None:
        # A snapshot that fails while OCP or the web is away is the story's matter, not the page's.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")
