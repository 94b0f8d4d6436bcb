from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.access import passwords
from tests.servers.certificates import Authority


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second of a processor for each would make these tests a matter of luck on a busy machine."""
    assert passwords.COST == 2**15
    monkeypatch.setattr(passwords, "COST", 2**6)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs what the servers of these tests show."""
    return Authority(tmp_path_factory.mktemp("authority"))
