"""The endpoint of the look-alike, for the services that read OCP, and the people of a story there."""

from typing import Any

import pytest

from tests import scenes
from tests.scenes import Cast
from upgrades.models import Endpoint
from upgrades.services import registration
from upgrades.simulator.server import LookAlike


@pytest.fixture
def endpoint(look_alike: LookAlike, settings: Any, db: None) -> Endpoint:
    """The endpoint that the settings describe, registered as the application does it."""
    settings.OCP_URL = look_alike.url
    settings.OCP_USERNAME, settings.OCP_PASSWORD = look_alike.username, look_alike.password
    settings.OCP_ALLOW_HTTP = True
    settings.OCP_ACCOUNT_IS_OURS = True
    return registration.register_from_environment()


@pytest.fixture
def cast(look_alike: LookAlike, settings: Any, transactional_db: None) -> Cast:
    """Everybody, beside a mirror of the look-alike that was read a moment ago."""
    scenes.connect(look_alike, settings)
    return Cast()


@pytest.fixture
def no_quiet(settings: Any) -> None:
    """A run in doubt may be decided on at once."""
    settings.QUIET_PERIOD_SECONDS = 0
