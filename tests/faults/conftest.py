"""What the faults' tests share: the checker over this run's database."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.faults import checker
from tests.faults.ground import Crew, Services
from tests.faults.records import Ocp, Records


@pytest.fixture
def read_records(transactional_db: None, services: object) -> Callable[..., Records]:
    """Reads the records past the product: read_records(look_alike, ...)."""
    superuser_url = services.superuser_url  # type: ignore[attr-defined]

    def read(*look_alikes: Ocp) -> Records:
        return checker.read(superuser_url, look_alikes)

    return read


OWN_SERVICES = pytest.StashKey[Services]()


@pytest.fixture(scope="session")
def own_services(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Services]:
    """PostgreSQL and Redis that tests may kill: those of the run stay as they are."""
    with django_db_blocker.unblock(), Services() as running:
        request.session.stash[OWN_SERVICES] = running
        yield running


@pytest.fixture
def crew(own_services: Services) -> Crew:
    """Workers and beat that are there already where the test before left them."""
    return own_services.shared()


def pytest_runtest_teardown(item: pytest.Function, nextitem: pytest.Function | None) -> None:
    """No crew stays at work that the next test does not need."""
    running = item.session.stash.get(OWN_SERVICES, None)
    if running and "crew" in item.fixturenames and "crew" not in getattr(nextitem, "fixturenames", ()):
        running.end_shared()
