"""Several OCPs at once: look-alikes with servers of their own, each an endpoint and each with a run under way."""

from collections.abc import Sequence
from typing import Any

from tests import scenes
from tests.followed import posted, requests_of
from tests.scenes import Cast
from upgrades.models import Endpoint, UpgradeRun
from upgrades.simulator.server import LookAlike


def connect(look_alikes: Sequence[LookAlike], settings: Any) -> list[Endpoint]:
    """An endpoint for each look-alike, its mirror filled."""
    found = []
    for number, look_alike in enumerate(look_alikes):
        move_servers(look_alike, 100 + number)
        settings.OCP_ENDPOINT_NAME = f"OCP {number}"
        found.append(scenes.connect(look_alike, settings))
    return found


def move_servers(look_alike: LookAlike, network: int) -> None:
    """Nothing may start on a server that two endpoints show."""
    with look_alike.world.lock:
        for cluster in look_alike.world.clusters.values():
            for server in cluster.servers:
                server.ip = server.ip.replace("10.24.", f"10.{network}.", 1)


def runs_on(endpoints: Sequence[Endpoint], cast: Cast, **over: Any) -> list[UpgradeRun]:
    """A run on each endpoint that its OCP has accepted."""
    return [posted(cast, endpoint=endpoint, **over) for endpoint in endpoints]


def hang(look_alike: LookAlike) -> None:
    """From now on it accepts every request and answers none."""
    look_alike.faults.add("hold", stage="before")


def refuse(look_alike: LookAlike) -> None:
    """From now on it answers 401 to everything."""
    look_alike.faults.add("status", status=401)


def held(look_alike: LookAlike) -> int:
    """How many requests wait for an answer that does not come."""
    return sum(fault["holding"] for fault in look_alike.faults.shapes())


def asked(look_alike: LookAlike) -> int:
    """How many requests it has received."""
    return max((request["n"] for request in requests_of(look_alike)), default=0)
