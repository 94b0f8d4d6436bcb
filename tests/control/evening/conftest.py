"""What the evenings of a test opened is closed when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.control.evening.nights import AtOnce


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    AtOnce.close_all()
