"""What the faults' tests share: the checker over this run's database."""

from collections.abc import Callable

import pytest

from tests.faults import checker
from tests.faults.records import Ocp, Records


@pytest.fixture
def read_records(transactional_db: None, services: object) -> Callable[..., Records]:
    """Reads the records past the product: read_records(look_alike, ...)."""
    superuser_url = services.superuser_url  # type: ignore[attr-defined]

    def read(*look_alikes: Ocp) -> Records:
        return checker.read(superuser_url, look_alikes)

    return read
