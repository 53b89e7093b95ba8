"""Runs to strike at: a look-alike for each seed, with requests approved, started, and followed to their end."""

import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.utils import OperationalError

from tests import scenes, several
from tests.faults import checker
from tests.faults.ground import Services
from tests.faults.proxy import Proxy
from tests.scenes import Cast
from upgrades.models import ChangeRequest, Endpoint, UpgradeRun
from upgrades.rules import workflow
from upgrades.services import change_requests, moves
from upgrades.simulator.server import LookAlike

# An upgrade of an hour takes some seconds: long enough to be struck under way.
SPEED = 900.0
GOING = frozenset({workflow.RunStatus.RUNNING, workflow.RunStatus.VERIFYING, workflow.RunStatus.VERIFIED})
PAIRS = ((scenes.CLUSTER, scenes.TARGET), (scenes.OTHER, scenes.OTHER_TARGET))
# Seldom enough to cost the processes that are struck nothing.
LOOK_SECONDS = 0.1
_NAMES = ("OCP_URL", "OCP_USERNAME", "OCP_PASSWORD", "OCP_ALLOW_HTTP", "OCP_ACCOUNT_IS_OURS", "OCP_ENDPOINT_NAME")


class Story:
    """One seed's OCP, reached through `proxy`, and two requests there that are approved."""

    def __init__(self, seed: int, cast: Cast) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a seed to repeat, no secret)
        self.cast = cast
        self.look_alike = LookAlike(speed=SPEED)
        several.move_servers(self.look_alike, 100 + seed % 100)
        self.look_alike.start()
        port = int(self.look_alike.url.rpartition(":")[2])
        self.proxy = Proxy(("127.0.0.1", port))
        # As the endpoint names it, and the checker looks it up.
        self.url = f"http://127.0.0.1:{self.proxy.port}"
        self.endpoint = self._connect(seed)
        self.requests = [
            scenes.approved(cast, cluster=name, target=target, endpoint=self.endpoint) for name, target in PAIRS
        ]

    @property
    def control_url(self) -> str:
        return self.look_alike.control_url

    def _connect(self, seed: int) -> Endpoint:
        former = {name: getattr(settings, name) for name in _NAMES}
        settings.OCP_ENDPOINT_NAME = f"OCP {seed}"
        try:
            return scenes.connect(self._seen_through_proxy(), settings)
        finally:
            for name, value in former.items():
                setattr(settings, name, value)

    def _seen_through_proxy(self) -> Any:
        class Seen:
            url = self.url
            username, password = self.look_alike.username, self.look_alike.password

        return Seen()

    def start(self, number: int) -> ChangeRequest:
        """Ask for the start of one of the requests."""
        request = ChangeRequest.objects.get(pk=self.requests[number].pk)
        return change_requests.start(change_request=request, fingerprint=request.fingerprint, actor=self.cast.olga)

    def goes(self, number: int, seconds: float) -> bool:
        """Whether a start is asked for and OCP has taken it in `seconds`; one that was given back is asked for anew."""

        def is_going() -> bool:
            if self.status(number) in GOING:
                return True
            # A busy machine may have read too slowly.
            rows = ChangeRequest.objects.filter(pk=self.requests[number].pk)
            if rows.filter(status=workflow.RequestStatus.APPROVED).exists():
                with suppress(moves.Refusal):
                    self.start(number)
            return False

        return comes_true(is_going, seconds)

    def status(self, number: int) -> str:
        """The run's status; "" before there is one."""
        run = UpgradeRun.objects.filter(pk=self.requests[number].pk).first()
        return run.status if run else ""

    def is_settled(self, since: datetime) -> bool:
        """Whether every start came to an end: a run that ended, a start that gave back, or a run left to people.

        That is one whose POST nobody knows the fate of, looked for in OCP after `since`, and not there.
        """
        return all(self._is_at_rest(request.pk, since) for request in self.requests)

    def _is_at_rest(self, pk: int, since: datetime) -> bool:
        run = UpgradeRun.objects.filter(pk=pk).first()
        if run is None:
            return ChangeRequest.objects.get(pk=pk).status != workflow.RequestStatus.STARTING
        if run.status != workflow.RunStatus.UNCONFIRMED:
            return run.status in workflow.RUN_FINAL
        # What OCP has is adopted: then it is not at rest yet.
        posts = [post for post in scenes.posts(self.look_alike) if post["cluster_id"] == run.cluster_ocp_id]
        is_there = any(post["task_id"] for post in posts)
        return not is_there and run.swept_at is not None and run.swept_at > since

    def end(self) -> None:
        """Nothing is read there any more; its control port stays for the checker."""
        Endpoint.objects.filter(pk=self.endpoint.pk).update(is_active=False)

    def close(self) -> None:
        self.proxy.close()
        self.look_alike.stop()


def comes_true(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether it does within `seconds`, the database away meanwhile or not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if is_so():
                return True
        except OperationalError:
            connections.close_all()
        threading.Event().wait(LOOK_SECONDS)
    return False


def judge(superuser_url: str, stories: list[Story]) -> list[checker.Violation]:
    """What the checker finds, printed."""
    found = checker.violations(checker.read(superuser_url, stories), is_settled=False)
    for violation in found:
        print(violation)
    return found


def told(services: Services, seeds: Iterable[int], play: Callable[[Story, int], None]) -> list[checker.Violation]:
    """Play a story a seed on empty ground, and judge them together."""
    services.empty()
    stories: list[Story] = []
    try:
        cast = Cast()
        for seed in seeds:
            stories.append(Story(seed, cast))
            play(stories[-1], seed)
            stories[-1].end()
        return judge(services.superuser_url, stories)
    finally:
        for story in stories:
            story.close()
