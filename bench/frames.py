"""P5: frames while a graph of 500 and of 2,000 nodes is zoomed and moved in headless Chromium, without a GPU.

Its own PostgreSQL and Redis, one web process. Beside it the same page without its painter, which is plain SVG.
Run from the root: python -m bench.frames, with one number of nodes, and a folder for pictures, where wanted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from bench.frame import own_services
from bench.record import p95, record
from tests.conftest import chromium_path
from tests.rules.graphs import any_dag
from tests.scenes import Cast
from tests.stack import Stack
from tests.views.run_rows import make_run
from upgrades.models import Subtask, TaskInstance, UpgradeRun

COUNTS = (int(sys.argv[1]),) if len(sys.argv) > 1 else (500, 2000)
PICTURES = Path(sys.argv[2]) if len(sys.argv) > 2 else None
WATCH = """() => {
  window.long = [];
  new PerformanceObserver((list) => { for (const task of list.getEntries()) window.long.push(task.duration); })
    .observe({ type: "longtask", buffered: true });
}"""
# How long each of so many frames took while something is done in each of them.
FRAMES = """async ([count, name]) => {
  const canvas = document.querySelector(".canvas");
  const frame = canvas.getBoundingClientRect();
  const doing = {
    zoom: (at) => canvas.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, ctrlKey: true,
      deltaY: at < count / 2 ? -60 : 60, clientX: frame.left + 400, clientY: Math.max(frame.top, 0) + 200 })),
    pan: (at) => canvas.scrollBy(at < count / 2 ? 40 : -40, at % 2 ? 12 : -12),
  }[name];
  const times = [];
  let before = await new Promise(requestAnimationFrame);
  for (let at = 0; at < count; at += 1) {
    doing(at);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times;
}"""
PAINTED = """() => [...document.querySelectorAll(".canvas .dag .node, .canvas .dag .ln, .canvas .dag .grp, .far path")]
  .filter((element) => !element.closest(".is-off")).length"""


def make(cast: Cast, count: int) -> UpgradeRun:
    """Return a run whose parent has so many subtasks, a tenth of them done."""
    run, graph, now = make_run(cast), any_dag(count), timezone.now()
    task = TaskInstance.objects.create(
        run=run, ocp_id=run.ocp_task_id or 0, kind="parent", status="RUNNING", operation="EXECUTE", observed_at=now,
        topology_hash=f"frames{count}",
    )  # fmt: skip
    numbers = {node.key: number for number, node in enumerate(graph.nodes, 1)}
    above: dict[str, list[int]] = {key: [] for key in numbers}
    for source, target in graph.edges:
        above[target].append(numbers[source])
    Subtask.objects.bulk_create(
        Subtask(
            task_instance=task, ocp_id=number, name=f"Step {number} of the upgrade", upstreams=above[key],
            status=("SUCCESSFUL", "RUNNING", "PENDING")[(number * 10 > count) + (number * 10 > count + 50)],
            operation="EXECUTE", run_time=1,
        )
        for key, number in numbers.items()
    )  # fmt: skip
    return run


def opened(browser: Browser, stack: Stack, cast: Cast, run: UpgradeRun, *, is_plain: bool) -> Page:
    """Return the run's page; a plain one without the painter."""
    client = Client()
    client.force_login(cast.olga)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": stack.url}])
    page = context.new_page()
    page.add_init_script(WATCH.removeprefix("() => "))
    if is_plain:
        page.route("**/painter.js*", lambda route: route.fulfill(content_type="text/javascript", body=PLAIN))
    page.goto(f"{stack.url}/runs/{run.pk}/?zoom=100")
    page.locator(".dag").wait_for()
    page.wait_for_load_state("networkidle")
    return page


PLAIN = "export class Painter { soon() {} drawn() {} }"


def measured(page: Page) -> dict[str, float]:
    """Return the p95 of frames in ms, the longest task before the first of them, and what is painted at most."""
    found: dict[str, Any] = {"longest": max(page.evaluate("() => window.long"), default=0)}
    found["nodes"] = page.locator(".node").count()
    painted = [page.evaluate(PAINTED)]
    for name in ("pan", "zoom"):
        page.evaluate(FRAMES, [10, name])
        found[name] = p95(page.evaluate(FRAMES, [80, name]))
        painted.append(page.evaluate(PAINTED))
    page.locator('[data-zoom="fit"]').first.click()
    page.wait_for_timeout(300)
    painted.append(page.evaluate(PAINTED))
    found["far"] = p95(page.evaluate(FRAMES, [40, "zoom"]))
    return found | {"painted": max(painted)}


def main() -> None:
    """Print and keep the figures."""
    with (
        own_services(),
        tempfile.TemporaryDirectory() as logs,
        Stack(Path(logs)) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        stack.start_web()
        cast = Cast()
        for count in COUNTS:
            run = make(cast, count)
            plain = opened(browser, stack, cast, run, is_plain=True)
            bare = measured(plain)
            plain.context.close()
            page = opened(browser, stack, cast, run, is_plain=False)
            if PICTURES:
                page.screenshot(path=PICTURES / f"frames-{count}.png")
            own = measured(page)
            if PICTURES:
                page.screenshot(path=PICTURES / f"frames-{count}-far.png")
            page.context.close()
            for name, what in (("pan", "moved"), ("zoom", "zoomed"), ("far", "zoomed from afar")):
                record("frames", f"{count} nodes, {what}, p95 of frames, ms (goal: 50)", own[name], bare[name])
            record("frames", f"{count} nodes, elements painted at most (goal: 300)", own["painted"], bare["painted"])
            record(
                "frames",
                f"{count} nodes, longest task of the page, ms (goal at 500: 50)",
                own["longest"],
                bare["longest"],
            )
            print(f"   {own['nodes']} nodes and folded boxes are drawn")


if __name__ == "__main__":
    main()
