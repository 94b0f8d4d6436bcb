"""Sends tests marked `box` into the virtual box and brings their reports back (see carry.py); the servers there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box.carry import (
    pytest_collection_modifyitems,
    pytest_runtest_protocol,
    pytest_runtestloop,
    pytest_sessionfinish,
)
from tests.box.uplink import Uplink
from tests.servers.nginx import Nginx

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_protocol", "pytest_runtestloop", "pytest_sessionfinish"]


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    """A server on the box itself."""
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx") as server:
        yield server


@pytest.fixture
def uplink() -> Iterator[Uplink]:
    """The way to `far_nginx`, which gets as bad as a test says."""
    with Uplink() as way:
        yield way


@pytest.fixture
def far_nginx(uplink: Uplink, tmp_path: Path) -> Iterator[Nginx]:
    """A server at the far end of the uplink."""
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx", place=uplink.place) as server:
        yield server
