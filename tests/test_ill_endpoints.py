"""Endpoints that hang or refuse us beside one that is well, over the product's own processes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.followed import TO_THE_END, advance, fresh, wait_until
from tests.scenes import Cast
from tests.several import asked, connect, hang, held, refuse, runs_on
from tests.stack import Stack
from upgrades.models import Endpoint
from upgrades.rules.workflow import RunStatus
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db(transaction=True)

# A read of an OCP that hangs outlives the test: no thread comes back.
FOR_EVER = "300"
# The list of tasks, the lists of clusters and packages, and the topology.
READS = 3


@pytest.fixture
def four() -> Iterator[list[LookAlike]]:
    look_alikes = [LookAlike(speed=0) for _number in range(4)]
    for look_alike in look_alikes:
        look_alike.start()
    yield look_alikes
    for look_alike in look_alikes:
        look_alike.stop()


def test_a_run_is_followed_to_its_end_while_two_ocps_hang_and_one_refuses_us(
    four: list[LookAlike], settings: Any, stack: Stack
) -> None:
    well, refused, *hung = four
    endpoints = connect(four, settings)
    run = runs_on(endpoints, Cast())[0]
    for look_alike in hung:
        hang(look_alike)
    refuse(refused)
    before = asked(refused)
    stack.environment |= {"OCP_TOTAL_SECONDS": FOR_EVER, "FOLLOW_OPEN_SECONDS": "1", "VERIFY_SECONDS": "1"}
    stack.start_worker("tick")
    stack.start_worker("follow")
    stack.start_beat()
    wait_until(lambda: all(held(look_alike) >= READS for look_alike in hung), 30)
    wait_until(lambda: Endpoint.objects.get(pk=endpoints[1].pk).breaker_opened_at, 30)
    spent = asked(refused)
    assert 1 <= spent - before <= READS
    advance(well, TO_THE_END)
    wait_until(lambda: fresh(run).status == RunStatus.VERIFIED, 60)
    assert [held(look_alike) for look_alike in hung] == [READS, READS]
    assert asked(refused) == spent
    # Let go, so that the workers end at once.
    for look_alike in hung:
        look_alike.faults.clear()
