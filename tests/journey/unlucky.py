"""What people do when something goes wrong: a step fails, a plan moves, a task vanishes, OCP dies."""

from typing import Any

from ocpdash.processes import wait_until
from tests.journey.story import APPROVER, END_SECONDS, OPERATOR, OTHER_OPERATOR, SPEED, START_SECONDS, Story

# Inventory each 5 s, and each plan is rebuilt every 15 s at most.
STALE_SECONDS = 40.0
WHY = "Journey: the server was replaced by hand."


class UnluckyStory(Story):
    """A story in which a step of the child failed, and with it the parent that waits."""

    def retry_from_the_page(self) -> None:
        """The child's subtask first, then the parent's: each sent once."""
        child, wait = self._failed()
        operator = self.person(OTHER_OPERATOR)
        operator.watch(self.number, wait)
        is_held_back = operator.page.locator("#actions [aria-disabled=true]").count() > 0
        self.check("the parent's subtask is not offered before its child", is_so=is_held_back)
        self._retry(child)
        self._retry(wait)
        self.check("two retries reached OCP, each once", is_so=self._acts() == ["retry", "retry"])

    def skip_by_two(self) -> None:
        """One person alone cannot; two can; then the parent is retried."""
        child, wait = self._failed()
        operator, approver = self.person(OPERATOR), self.person(APPROVER)
        operator.watch(self.number, child)
        self._say(f"{OPERATOR} proposes to skip {child}")
        operator.propose_step("skip", WHY, self.scenario.cluster)
        operator.watch(self.number)
        is_alone = operator.page.locator("form[action$='/confirm/']").count() == 0
        self.check("who proposed the skip is not offered to confirm it", is_so=is_alone and self._acts() == [])
        approver.watch(self.number)
        self._say(f"{APPROVER} confirms it on the same evidence")
        approver.confirm(self.scenario.cluster)
        self._await_done("skip")
        self._retry(wait)
        self.check("one skip and one retry reached OCP", is_so=self._acts() == ["skip", "retry"])

    def close_and_retry_in_ocp(self) -> None:
        """Two people close the failed run; then somebody retries the child in OCP's console."""
        child, _wait = self._failed()
        operator, approver = self.person(OPERATOR), self.person(APPROVER)
        operator.watch(self.number)
        operator.propose("close", WHY)
        approver.watch(self.number)
        approver.confirm()
        self._house.await_run(self.number, lambda run: run["status"] == "closed", "it is closed", START_SECONDS)
        self._say("closed by two; somebody retries the child in OCP's console")
        # Slow enough that the watch over finished tasks sees it at work.
        self._house.control("POST", "/speed", speed=20)
        self._house.control("POST", f"/tasks/{child.partition('/')[0]}/retry")
        self._house.await_run(self.number, lambda run: run["alarm"] is not None, "an alarm is raised", END_SECONDS)
        banner = operator.page.locator("[data-banner=alarm]")
        operator.watch(self.number)
        self.check("a banner says that something moved after the end", is_so=banner.is_visible())
        self._house.control("POST", "/speed", speed=SPEED)

    def see_task_vanish(self) -> None:
        """OCP no longer knows the task: the page says so, and nothing is called failed."""
        self._house.await_run(self.number, lambda run: run["observed_at"] is not None, "it is read", START_SECONDS)
        task_id = self._posts()[0]["task_id"]
        self._say(f"task {task_id} vanishes from OCP")
        self._house.control("DELETE", f"/tasks/{task_id}")
        is_lost = "it is unreadable"
        self._house.await_run(self.number, lambda run: run["unreadable_since"] is not None, is_lost, START_SECONDS)
        banner = self.person(OPERATOR).page.locator("[data-banner=unreadable]")
        is_shown = wait_until(lambda: banner.is_visible() and str(task_id) in banner.inner_text(), START_SECONDS)
        self.check("a banner says that OCP no longer knows the task", is_so=is_shown)
        self._house.control("POST", "/speed", speed=SPEED)

    def renew_when_stale(self) -> None:
        """Another file under the approved name: the votes no longer count, and the thread is kept."""
        query = "SELECT target_file_name FROM upgrades_changerequest WHERE id = %s"
        target = self._house.rows(query, self.number)[0]["target_file_name"]
        self._say(f"somebody replaces {target} in OCP")
        sha1 = self._house.control("POST", f"/packages/{target}/replace")["sha1"]
        operator, approver = self.person(OPERATOR), self.person(APPROVER)
        is_stale = wait_until(lambda: self._request_status() == "stale", STALE_SECONDS)
        self.check("the approved request turns stale", is_so=is_stale)
        approver.open_request(self.number)
        is_shown = sha1[:8] in approver.page.locator("#differences").inner_text()
        self.check("its page tells what is different", is_so=is_shown)
        operator.open_request(self.number)
        can_start = operator.page.locator("form[action$='/start/']").count() > 0
        self.check("it cannot be started", is_so=not can_start)
        self._say(f"{OPERATOR} renews it; {APPROVER} votes anew")
        operator.send_request()
        approver.open_request(self.number)
        is_kept = "Read, and agreed." in approver.page.inner_text("main")
        self.check("what was said before is kept", is_so=is_kept)
        approver.approve("Read anew, and agreed.")
        approver.await_status("approved")

    def see_ocp_restart(self) -> None:
        """OCP dies and comes back: the same task goes on."""
        self._house.await_run(self.number, lambda run: run["observed_at"] is not None, "it is read", START_SECONDS)
        operator = self.person(OPERATOR)
        operator.await_status("running")
        task_id = self._posts()[0]["task_id"]
        killed = self._house.kill("ocp")
        self._say(f"OCP's process {killed} is killed; it is started again with its state")
        self.check("OCP comes back", is_so=wait_until(lambda: self._house.pid("ocp") != killed, START_SECONDS))
        is_back = wait_until(self._house.is_controlled, START_SECONDS)
        self.check("the task that we follow is still at work", is_so=is_back and self._posts()[0]["task_id"] == task_id)
        asked_at = self._house.rows("SELECT now() AS at")[0]["at"]
        is_read = "it is read again"
        self._house.await_run(self.number, lambda run: run["observed_at"] > asked_at, is_read, START_SECONDS)
        is_running = self._status() == "running" and self._house.run(self.number)["unreadable_since"] is None
        self.check("the run was never called failed, and is read again", is_so=is_running)
        self._house.control("POST", "/speed", speed=SPEED)

    def see_both_held(self) -> None:
        """A standby is upgraded along: the run holds both clusters, and each one's page says so."""
        self._house.await_run(self.number, lambda run: run["status"] == "running", "it is running", START_SECONDS)
        query = "SELECT cluster_id FROM upgrades_clusterhold WHERE run_id = %s ORDER BY cluster_id"
        held = [row["cluster_id"] for row in self._house.rows(query, self.number)]
        self.check("the primary and its standby are held", is_so=len(held) == 2)
        page = self.person(OPERATOR).page
        for cluster_id in held:
            page.goto(f"{self._house.url}/clusters/{cluster_id}/")
            self.check(
                f"the page of cluster {cluster_id} names the run", is_so=f"CR-{self.number}" in page.inner_text("main")
            )
        self.person(OPERATOR).watch(self.number)

    # --- Parts ------------------------------------------------------------------------------------------------

    def _failed(self) -> tuple[str, str]:
        """Wait for the failure; the failed subtask of the child, and the one of the parent, as pages name them."""
        self._house.await_run(self.number, lambda run: run["status"] == "failed", "the run fails", END_SECONDS)
        self.person(OPERATOR).await_status("failed")
        parent_id = self._posts()[0]["task_id"]
        parent = next(task for task in self._house.control("GET", "/state")["tasks"] if task["id"] == parent_id)
        child = next(task for task in self._children(parent_id) if task["failed"])
        self._say(f"everybody sees failed: {child['failed'][0]['name']} of task {child['id']}")
        return tuple(f"{task['id']}/{task['failed'][0]['id']}" for task in (child, parent))  # type: ignore[return-value]

    def _request_status(self) -> str:
        query = "SELECT status FROM upgrades_changerequest WHERE id = %s"
        return str(self._house.rows(query, self.number)[0]["status"])

    def _retry(self, node: str) -> None:
        operator = self.person(OTHER_OPERATOR)
        operator.watch(self.number, node)
        self._say(f"{OTHER_OPERATOR} retries {node}")
        operator.retry()
        self._await_done("retry")

    def _await_done(self, kind: str) -> None:
        """Wait until OCP shows the effect of every action so far."""

        def are_done() -> bool:
            found = self._actions()
            return found[-1:] == [(kind, "done")]

        wait_until(are_done, START_SECONDS)
        self.check(f"OCP shows the effect of the {kind}", is_so=are_done())

    def _actions(self) -> list[tuple[Any, Any]]:
        query = "SELECT kind, status FROM upgrades_runaction WHERE run_id = %s ORDER BY id"
        return [(row["kind"], row["status"]) for row in self._house.rows(query, self.number)]

    def _acts(self) -> list[str]:
        """The retries, skips and cancels of this run that reached OCP's port."""
        mine = {self._posts()[0]["task_id"], *(task["id"] for task in self._children(self._posts()[0]["task_id"]))}
        paths = [row["path"].split("/") for row in self._house.control("GET", "/requests") if row["method"] == "POST"]
        return [path[-1] for path in paths if "instances" in path and int(path[5]) in mine]
