"""P8: what the page of a run costs on the wire, until it can be used and while it is open, in Chromium.

The web process serves the collected, compressed static files, as in production. The floor of a figure of bytes is
the same before compression. Run from the root: python -m bench.bytes
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from django.test import Client
from playwright.sync_api import Request, sync_playwright

from bench.frame import own_services
from bench.record import record
from tests import scenes
from tests.conftest import chromium_path
from tests.followed import posted, step
from tests.scenes import PAIR, PAIR_TARGET, Cast
from tests.stack import Stack
from upgrades import selectors
from upgrades.models import Subtask, UpgradeRun
from upgrades.services import schedule
from upgrades.simulator.server import LookAlike
from upgrades.stream import reading

# A pulse of the stream comes each 10 s.
OPEN_SECONDS = 12


def half_way(look_alike: LookAlike) -> UpgradeRun:
    """Return a run of a primary with its standby whose first zones are done."""
    scenes.connect(look_alike, settings)
    run = posted(Cast(), cluster=PAIR, target=PAIR_TARGET)
    done = Subtask.objects.filter(task_instance__run=run, status="SUCCESSFUL")
    run = step(look_alike, run, lambda: done.count() > 24)
    schedule.beat_heart("follower")
    return run


def web(stack: Stack, folder: str) -> None:
    """Start the web process over collected static files."""
    stack.environment |= {"OCPDASH_MODE": "demo", "STATIC_ROOT": folder}
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, env=stack.environment, check=True)
    stack.start_web()


def open_page(stack: Stack, run: UpgradeRun, session: str) -> list[Request]:
    """Tell what a browser without a cache asks for until the page can be used; return what it asks for after that.

    The icon of its tab it asks for when it likes.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": stack.url}])
        found: list[Request] = []
        page.on("request", lambda request: found.append(request))
        # Modules are run before the event of that name.
        with page.expect_request(lambda request: "/stream/" in request.url):
            page.goto(f"{stack.url}/runs/{run.pk}/", wait_until="load")
        page.wait_for_timeout(500)
        before = list(found)
        tell(before)
        page.wait_for_timeout(OPEN_SECONDS * 1000)
        browser.close()
        return [request for request in found[len(before) :] if not request.url.endswith("favicon.svg")]


def tell(requests: list[Request]) -> None:
    """Print and keep what the page took until it could be used."""
    nodes = "page of a run"
    record("bytes", f"{nodes}, requests until it is live (goal: 10)", len(requests))
    sizes = {request.url: sizes_of(request) for request in requests if "/stream/" not in request.url}
    for url, (packed, whole) in sorted(sizes.items()):
        print(f"    {packed:7d} of {whole:7d}  {url.partition('//')[2].partition('/')[2]}")
    for kind, goal in ((".js", " (goal: 40000)"), (".css", ""), ("/", "")):
        of_kind = [size for url, size in sizes.items() if url.partition("?")[0].endswith(kind)]
        what = {".js": "JavaScript", ".css": "style", "/": "the document"}[kind]
        packed, whole = (sum(size[part] for size in of_kind) for part in (0, 1))
        record("bytes", f"{nodes}, {what}, bytes on the wire{goal}", packed, whole)


def sizes_of(request: Request) -> tuple[int, int]:
    """The bytes of an answer's body on the wire, and unpacked."""
    response = request.response()
    assert response is not None, request.url
    assert response.ok, request.url
    return request.sizes()["responseBodySize"], len(response.body())


def main() -> None:
    """Print and keep the figures."""
    with own_services(), ExitStack() as stack:
        look_alike = LookAlike(speed=0)
        look_alike.start()
        stack.callback(look_alike.stop)
        run = half_way(look_alike)
        client = Client()
        client.force_login(run.change_request.requester)
        processes = stack.enter_context(Stack(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        web(processes, stack.enter_context(tempfile.TemporaryDirectory()))
        after = open_page(processes, run, client.cookies["sessionid"].value)
        print("    while open:", [request.url for request in after])
        record("bytes", f"requests of an open page in {OPEN_SECONDS} s without a change (goal: 0)", len(after))
        nodes = Subtask.objects.filter(task_instance__run=run).count()
        packed = client.get(f"/runs/{run.pk}/snapshot/", headers={"Accept-Encoding": "gzip"})
        mark = selectors.run_mark(run.pk, None)
        assert mark is not None
        whole = len(selectors.run_snapshot(mark))
        record("bytes", f"snapshot of {nodes} nodes, bytes packed (goal: 4000)", len(packed.content), whole)
        told = reading.read(run.pk, "", ())
        assert told is not None
        assert told.state is not None
        record(
            "bytes", f"change of {nodes} nodes in the stream, bytes packed (goal: 4000)", len(told.state.packed), whole
        )


if __name__ == "__main__":
    main()
