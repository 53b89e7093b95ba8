"""One story from the request to the run's end, with what people see on the way; then its checks."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser

from ocpdash.processes import wait_until
from tests.journey.house import DURATIONS, House
from tests.journey.scenarios import Scenario
from tests.journey.steps import Person

PASSWORD = "ocpdash-demo"
OPERATOR, OTHER_OPERATOR, APPROVER, AUDITOR = "wang.lei", "chen.wei", "zhao.min", "sun.hao"
QUIET_SECONDS = float(DURATIONS["QUIET_PERIOD_SECONDS"])
SILENT_SECONDS = 12.0
START_SECONDS = 20.0
END_SECONDS = 50.0

# Engine seconds a second: an upgrade of 40 to 60 subtasks takes 10 to 20 s.
SPEED = 120.0

Say = Callable[[str], None]
Check = tuple[str, bool]


class Story:
    """Plays one scenario; `checks` grows on the way."""

    def __init__(self, scenario: Scenario, house: House, browser: Browser, say: Say) -> None:
        self.scenario = scenario
        self.number = 0
        self.cluster_id = 0
        self.checks: list[Check] = []
        self._house = house
        self._browser = browser
        self._say = say
        self._people: dict[str, Person] = {}

    def person(self, username: str) -> Person:
        """Somebody, signed in."""
        if username not in self._people:
            context = self._browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
            person = Person(context.new_page(), self._house.url, username, PASSWORD)
            person.sign_in()
            self._people[username] = person
        return self._people[username]

    def play(self) -> None:
        """From the sign-in to the end. AssertionError where it does not go on."""
        try:
            self._ask()
            self._approve()
            for name in self.scenario.before:
                getattr(self, name)()
            self._start()
            for name in self.scenario.meanwhile:
                getattr(self, name)()
            self._see_the_end()
        finally:
            for person in self._people.values():
                person.page.context.close()
        self._check_the_end()

    def check(self, what: str, *, is_so: bool) -> None:
        """Keep the outcome of a check."""
        self.checks.append((what, is_so))

    # --- The main job -----------------------------------------------------------------------------------------

    def _ask(self) -> None:
        operator = self.person(OPERATOR)
        self._say(f"{OPERATOR} opens {self.scenario.cluster} and writes a request")
        operator.open_cluster(self.scenario.cluster)
        read = "SELECT 1 AS one FROM upgrades_cluster WHERE name = %s AND topology_observed_at IS NOT NULL"
        is_read = wait_until(lambda: bool(self._house.rows(read, self.scenario.cluster)), START_SECONDS)
        self.check("its servers are read once somebody opens its page", is_so=is_read)
        operator.begin_request()
        operator.fill_in_request(f"Journey: {self.scenario.about}.")
        self.number = operator.save_request()
        operator.send_request()

    def _approve(self) -> None:
        approver = self.person(APPROVER)
        self._say(f"{APPROVER} approves CR-{self.number}")
        approver.open_request(self.number)
        approver.approve("Read, and agreed.")
        approver.await_status("approved")

    def _start(self) -> None:
        house = self._house
        found = house.rows("SELECT ocp_id FROM upgrades_cluster WHERE name = %s", self.scenario.cluster)
        self.cluster_id = found[0]["ocp_id"]
        for path, body in self.scenario.arrange:
            house.control("POST", path, cluster_id=self.cluster_id, **body)
        self._say(f"{OPERATOR} starts CR-{self.number}; everybody watches")
        operator = self.person(OPERATOR)
        operator.open_request(self.number)
        operator.start()
        house.await_run(self.number, bool, "a run begins", START_SECONDS)
        for username in (OPERATOR, APPROVER, AUDITOR):
            self.person(username).watch(self.number)

    def _see_the_end(self) -> None:
        ends = self.scenario.ends
        self._house.await_run(self.number, lambda run: run["status"] == ends, f"the run is {ends}", END_SECONDS)
        for username in (OPERATOR, APPROVER, AUDITOR):
            self.person(username).await_status(ends)
        self._say(f"everybody sees {ends}, without a reload")

    # --- Meanwhile --------------------------------------------------------------------------------------------

    def see_child_before_adoption(self) -> None:
        """The task is adopted though its child works already."""
        is_adopted = "the lost task is adopted"
        self._house.await_run(self.number, lambda run: run["ocp_task_id"] is not None, is_adopted, START_SECONDS)
        self._say("adopted; OCP's child task had begun before")
        adopted_at = next(event["at"] for event in self._house.audit(self.number) if event["action"] == "run.adopt")
        query = "SELECT started_at FROM upgrades_taskinstance WHERE run_id = %s AND kind = 'child' AND started_at < %s"
        is_begun = wait_until(lambda: bool(self._house.rows(query, self.number, adopted_at)), START_SECONDS)
        self.check("the child task began before the adoption", is_so=is_begun)

    def adopt_by_two_people(self) -> None:
        """A task that came after the quiet period is only proposed; one person proposes it, another confirms."""
        self._house.await_run(self.number, lambda run: bool(run["candidates"]), "the late task is proposed", 40)
        self.check("a task later than the quiet period is not adopted by itself", is_so=self._status() == "unconfirmed")
        self._say(f"{OPERATOR} proposes to adopt the late task, {OTHER_OPERATOR} confirms")
        operator, other = self.person(OPERATOR), self.person(OTHER_OPERATOR)
        operator.watch(self.number)
        operator.propose("adopt", "It is the one that we sent.")
        other.watch(self.number)
        other.confirm()

    def see_quiet_period_kept(self) -> None:
        """After a busy answer nothing is concluded before the quiet period is over."""
        is_refused = "refused after the quiet period"
        self._house.await_run(self.number, lambda run: run["status"] == "refused", is_refused, QUIET_SECONDS + 20)
        run = self._house.run(self.number)
        waited = (run["status_at"] - run["intent_at"]).total_seconds()
        self._say(f"refused {waited:.1f} s after the intent")
        self.check(f"refused only after the quiet period of {QUIET_SECONDS:g} s", is_so=waited > QUIET_SECONDS)
        is_named = (run["status_reason"] or {}).get("code") == "submit.busy_with"
        self.check("the refusal names the task that kept the cluster busy", is_so=is_named)

    def retry_in_ocp(self) -> None:
        """Somebody retries in OCP's console: the child's subtask, then the parent."""
        self._house.await_run(self.number, lambda run: run["status"] == "failed", "the run fails", END_SECONDS)
        self.person(OPERATOR).await_status("failed")
        parent = self._posts()[0]["task_id"]
        child = self._children(parent)[0]
        failed = child["failed"][0]
        self._say(f"everybody sees failed; somebody retries {failed['name']} of task {child['id']}, then {parent}")
        self._house.control("POST", f"/tasks/{child['id']}/subtasks/{failed['id']}/retry")
        self._house.control("POST", f"/tasks/{parent}/retry")

    def see_old_server_named(self) -> None:
        """The page waits for the disagreement to stand, then names the server."""
        is_over = "OCP calls it successful"
        self._house.await_run(self.number, lambda run: run["ended_at"] is not None, is_over, END_SECONDS)
        self._say("OCP says SUCCESSFUL; ocpdash looks at the servers")
        self._house.await_run(self.number, lambda run: run["status"] == "disagrees", "it disagrees", END_SECONDS)
        findings = [finding["params"] for finding in self._house.run(self.number)["findings"]]
        addresses = {str(params["address"]) for params in findings if "address" in params}
        page = self.person(OPERATOR).page
        is_named = wait_until(lambda: any(address in page.inner_text("main") for address in addresses), 10)
        self.check("the page names the server that stayed old", is_so=is_named)

    def sit_through_silence(self) -> None:
        """OCP answers nothing for a while: a banner comes, and goes."""
        self._house.await_run(self.number, lambda run: run["status"] == "running", "the run is running", START_SECONDS)
        operator = self.person(OPERATOR)
        operator.await_status("running")
        wait_until(lambda: not operator.trouble("ocp").is_visible(), START_SECONDS)
        self._say(f"OCP is silent for {SILENT_SECONDS:g} s")
        self._house.control("POST", "/faults", action="silent", seconds=SILENT_SECONDS)
        begun = time.monotonic()
        is_shown = wait_until(lambda: operator.trouble("ocp").is_visible(), SILENT_SECONDS + 5)
        self.check("a banner says that OCP is silent", is_so=is_shown)
        self._say(f"the banner came after {time.monotonic() - begun:.1f} s")
        is_gone = wait_until(lambda: not operator.trouble("ocp").is_visible(), SILENT_SECONDS + 25)
        self._say(f"and went {time.monotonic() - begun:.1f} s after the silence began")
        self.check("the banner goes when OCP answers again", is_so=is_gone)
        self._house.control("POST", "/speed", speed=SPEED)

    # --- Checks -----------------------------------------------------------------------------------------------

    def posts(self) -> list[dict[str, Any]]:
        """The look-alike's POST log for the cluster of this story."""
        log: list[dict[str, Any]] = self._house.control("GET", "/posts")
        return [post for post in log if post["cluster_id"] == self.cluster_id]

    def _posts(self) -> list[dict[str, Any]]:
        wait_until(lambda: bool(self.posts()), START_SECONDS)
        return self.posts()

    def _children(self, parent_id: int) -> list[dict[str, Any]]:
        tasks = self._house.control("GET", "/state")["tasks"]
        return [task for task in tasks if task["parent_id"] == parent_id]

    def _status(self) -> str:
        return str(self._house.run(self.number).get("status"))

    def _check_the_end(self) -> None:
        house, ends = self._house, self.scenario.ends
        posts, run = self.posts(), house.run(self.number)
        self.check("exactly one POST", is_so=len(posts) == 1)
        self.check(
            "its body is the approved one, byte for byte", is_so=[post["body"] for post in posts] == [run["body"]]
        )
        self.check(f"the run is {ends}", is_so=run["status"] == ends)
        request = house.rows("SELECT * FROM upgrades_changerequest WHERE id = %s", self.number)[0]
        wanted = ("done", ends) if self.scenario.is_over else ("in_progress", "")
        self.check(f"the request is {wanted[0]}", is_so=(request["status"], request["outcome"] or "") == wanted)
        holds = house.rows("SELECT * FROM upgrades_clusterhold WHERE run_id = %s", self.number)
        word = "held" if self.scenario.is_held else "free again"
        self.check(f"the cluster is {word}", is_so=bool(holds) == self.scenario.is_held)
        actions = {event["action"] for event in house.audit(self.number)}
        for action in ("change_request.approve", "run.intend", *self.scenario.audited):
            self.check(f"audited: {action}", is_so=action in actions)
        complaints = [line for person in self._people.values() for line in person.complaints]
        self.check(f"browsers have nothing to complain about {complaints or ''}".rstrip(), is_so=not complaints)
