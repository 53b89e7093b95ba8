"""T10: a hostile OCP names everything after a script; Chromium shows every page of it and runs nothing.

All hundred payloads stand on one page each: as names of clusters, packages, tasks and subtasks, as a log, an error, a
creator, a comment. A script that ran would open a dialog, change the title or call out; one that was only stopped by
the policy would be reported as a violation of it, and is as bad.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.factories import make_cluster, make_endpoint, make_package
from tests.scenes import Cast
from tests.stack import Stack
from tests.views.acting import in_review
from tests.views.run_rows import make_run, make_task
from upgrades import live
from upgrades.models import ChangeRequest, Cluster, Endpoint, Grant, Package, Subtask, TaskInstance, UpgradeRun
from upgrades.services import comments

DOES = ("owned(1)", "alert(1)", "document.title=`owned`", "fetch(`//evil.example`)")
SHAPES = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "<img src=x onerror={}>",
    "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    "</text></svg><svg onload={}>",
    '"><svg onload={}>',
    "'><img src=x onerror={}>",
    '" onfocus={} autofocus x="',
    "' onmouseover={} x='",
    "` onload={} `",
    "</title><script>{}</script>",
    "</textarea><script>{}</script>",
    "</style><script>{}</script>",
    "--><script>{}</script><!--",
    "]]><script>{}</script>",
    "<a href=javascript:{}>x</a>",
    "javascript:{}",
    "<iframe srcdoc='<script>{}</script>'>",
    "<math><mtext></p><img src=x onerror={}></mtext></math>",
    "{{{{ {} }}}}{{% now %}}",
    "${{{}}}",
    "<style>@import 'x';</style><b onclick={}>",
    "\u202e<script>{}</script>\u2066\u200b",
    "&lt;script&gt;{}&lt;/script&gt;",
)
PAYLOADS = [shape.format(does) for shape in SHAPES for does in DOES]
WATCH = """
window.owned = () => console.error("OWNED");
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("POLICY " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));
"""


class House:
    """Everything that an OCP names, named by it after a script."""

    def __init__(self) -> None:
        cast = Cast()
        why = {"code": "test.not_reached", "params": {"detail": "".join(PAYLOADS[:60])}}
        self.endpoint = make_endpoint(name=PAYLOADS[0], account_name=PAYLOADS[6], ocp_version=PAYLOADS[2][:64])
        for number, payload in enumerate(PAYLOADS):
            make_cluster(
                self.endpoint, zones=0, name=payload, version=payload[:64], region_names=[payload], status=payload[:64]
            )
            make_package(
                self.endpoint,
                name=payload,
                file_name=f"{payload}-{number}.rpm",
                architecture=payload[:32],
                type=payload[:64],
            )
        self.run = make_run(cast)
        self.task = self._task()
        self.waiting = in_review(cast)
        for payload in PAYLOADS:
            comments.add(change_request=self.run.change_request, text=payload, actor=cast.olga)
        self._rename()
        Endpoint.objects.update(failing_since=timezone.now(), failure=why, failure_count=3)
        UpgradeRun.objects.update(unreadable_since=timezone.now(), unreadable_reason=why)
        # Who sees everything and may write a request too.
        self.admin = cast.ada
        Grant.objects.create(user=self.admin, role="operator", environment="")

    def _task(self) -> TaskInstance:
        task = make_task(self.run, len(PAYLOADS))
        steps = list(task.subtasks.order_by("ocp_id"))
        for step, payload in zip(steps, PAYLOADS, strict=True):
            step.name = step.description = payload
            step.executor = payload[:255]
        Subtask.objects.bulk_update(steps, ["name", "description", "executor"])
        TaskInstance.objects.filter(pk=task.pk).update(name=PAYLOADS[4], creator_name=PAYLOADS[5])
        task.logs.create(subtask_ocp_id=101, text="\n".join(PAYLOADS), observed_at=timezone.now())
        odd: dict[str, Any] = {
            "kind": "possible",
            "name": PAYLOADS[8],
            "creator_name": PAYLOADS[9],
            "status": PAYLOADS[0],
        }
        TaskInstance.objects.create(run=self.run, ocp_id=77, observed_at=timezone.now(), **odd)
        return task

    def _rename(self) -> None:
        for number, row in enumerate(ChangeRequest.objects.select_related("cluster")):
            Cluster.objects.filter(pk=row.cluster_id).update(name=f"{PAYLOADS[number]}!", zone_names=PAYLOADS[:9])
            Endpoint.objects.filter(pk=row.endpoint_id).update(name=f"{PAYLOADS[number]}!")

    def pages(self) -> list[str]:
        """Every page that shows what OCP named."""
        cluster, package = Cluster.objects.order_by("pk")[0], Package.objects.order_by("pk")[0]
        run, request = f"/runs/{self.run.pk}/", f"/change-requests/{self.waiting.pk}/"
        return [
            *("/", "/inbox/", "/clusters/", f"/clusters/{cluster.pk}/", "/packages/", f"/packages/{package.pk}/"),
            *("/change-requests/", request, f"/change-requests/{self.run.pk}/", "/runs/", run),
            *(f"{run}?node={self.task.ocp_id}/101", f"{run}?order=oldest", f"{run}?part=servers", "/audit/"),
            *(
                "/endpoints/",
                f"/endpoints/{self.endpoint.pk}/",
                f"/endpoints/{self.endpoint.pk}/edit/",
                "/upgrade-paths/",
            ),
            *(f"/change-requests/new/?cluster={cluster.pk}", f"{run}log/?node={self.task.ocp_id}/101", f"{run}graph/"),
        ]


def is_bad(line: ConsoleMessage) -> bool:
    """Whether a line of the console tells of a script that ran or was stopped."""
    return line.type == "error" and not line.text.startswith("Failed to load resource")


@pytest.fixture
def visitor(stack: Stack, chromium: Browser) -> Iterator[tuple[House, Page, list[str]]]:
    """An admin's browser over a web process, and what it complains of."""
    house, complaints = House(), []
    stack.start_web()
    client = Client()
    client.force_login(house.admin)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": stack.url}])
    context.add_init_script(WATCH)
    page = context.new_page()

    def dismiss(dialog: Any) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    # A part of a page, opened alone, has no icon: the browser asks for one and is told 404.
    page.on("console", lambda line: complaints.append(line.text) if is_bad(line) else None)
    page.on("request", lambda asked: None if asked.url.startswith(stack.url) else complaints.append(asked.url))
    yield house, page, complaints
    context.close()


def test_nothing_that_ocp_names_runs_in_the_browser(visitor: tuple[House, Page, list[str]], stack: Stack) -> None:
    house, page, complaints = visitor
    shown, found = 0, {}
    for address in house.pages():
        answer = page.goto(f"{stack.url}{address}", wait_until="load")
        assert answer is not None
        assert answer.status == 200, address
        text = page.evaluate("document.documentElement.textContent")
        shown += sum(payload.strip() in text for payload in PAYLOADS)
        if complaints or page.title() == "owned":
            found[address] = complaints.copy()
            complaints.clear()
    assert found == {}
    # As text, and so often that no page can have left them out.
    assert shown > 10 * len(PAYLOADS)


def test_a_name_that_comes_while_the_page_is_open_is_text_too(
    visitor: tuple[House, Page, list[str]], stack: Stack
) -> None:
    house, page, complaints = visitor
    page.goto(f"{stack.url}/runs/{house.run.pk}/?node={house.task.ocp_id}/101", wait_until="load")
    odd = '<img src=x onerror=owned(1)>"><svg onload=alert(1)>'
    house.task.subtasks.filter(ocp_id=101).update(status="FAILED", name=odd, description=odd)
    house.task.logs.update(text=f"{odd} at last")
    house.task.subtasks.filter(ocp_id=102).update(status=odd[:64], operation=odd[:64])
    TaskInstance.objects.filter(pk=house.task.pk).update(topology_hash="moved")
    UpgradeRun.objects.filter(pk=house.run.pk).update(version=F("version") + 1)
    live.publish(house.run.pk, house.run.version + 1)
    expect(page.get_by_text("at last").first).to_be_attached(timeout=30_000)
    assert complaints == []
