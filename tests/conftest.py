"""What all tests share: property tests without luck of the clock."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.folder_times import FolderTimes

# Roles are started with -P and would be those of the installed tree; it is this one that is tested.
_HERE = str(Path(__file__).parents[1])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_HERE, os.environ.get("PYTHONPATH"))))

# The machine's speed is no property of the code.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100, derandomize=True
)
settings.register_profile("searching", settings.get_profile("house"), derandomize=False)
settings.load_profile("house")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests that are coroutines run in an event loop of asyncio, as the product does."""
    return "asyncio"


def pytest_configure(config: pytest.Config) -> None:
    """Tells at the end where the time went.

    A change is judged by the same inputs each time; new ones are looked for by the long run, and by `./dev fuzz`.
    """
    if not config.option.markexpr and os.environ.get("PLUGCAST_BOX") != "inside":
        settings.load_profile("searching")
    config.pluginmanager.register(FolderTimes(), "folder times")


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay to the end: no collection needs to look through them again."""
    gc.collect()
    gc.freeze()
