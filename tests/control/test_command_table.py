"""Every command is carried out by something, and what cannot be done yet is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.control.commands import HANDLERS
from appliance.errors import Refused
from appliance.model.command import COMMANDS, Mute
from tests.control.test_director import Time, director


def test_there_is_a_row_for_every_command() -> None:
    assert set(HANDLERS) == set(COMMANDS)


def test_alerts_cannot_be_muted_until_there_are_alerts(tmp_path: Path) -> None:
    async def test() -> None:
        control = director(tmp_path, Time())
        await control.start()
        with pytest.raises(Refused) as refused:
            await control.do(Mute(source="alerts", on=True))
        assert refused.value.code == "no-alerts"
        await control.do(Mute(source="mic", on=True))
        assert control.plan.value.sound.muted == ("mic",)

    asyncio.run(test())
