"""screen.sock: the newest plan to whoever listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.control.links.screen_link import MOST_CLIENTS, ScreenLink
from appliance.control.live.plan import screen_plan_for
from appliance.model.config import Config, PictureConfig, SlateConfig
from appliance.model.protocol import Unframer
from appliance.model.screen import ScreenPlan, unpack_screen
from appliance.system.latest import Latest


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        (Path(name) / "run").mkdir()
        yield Path(name) / "run" / "screen.sock"


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_unix_connection(path)
        except OSError:
            await asyncio.sleep(0.005)


async def heard(reader: asyncio.StreamReader, count: int) -> list[ScreenPlan]:
    unframer, plans = Unframer(), list[ScreenPlan]()
    while len(plans) < count:
        data = await reader.read(65536)
        assert data, "control hung up"
        plans += [unpack_screen(body) for _, body in unframer.feed(data)]
    return plans


async def test_everybody_hears_the_plan_and_its_changes(path: Path) -> None:
    plan = Latest(ScreenPlan(owner_name="Leo"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        serving = group.create_task(ScreenLink(path, plan).run())
        one, other = await connect(path), await connect(path)
        assert (await heard(one[0], 1))[0].owner_name == "Leo"
        assert (await heard(other[0], 1))[0].owner_name == "Leo"
        one[1].close()
        mode = await asyncio.to_thread(path.stat)
        assert stat.S_IMODE(mode.st_mode) == 0o600
        plan.set(ScreenPlan(owner_name="Lea"))
        assert (await heard(other[0], 1))[0].owner_name == "Lea"
        other[1].close()
        serving.cancel()


async def test_those_who_only_listen_never_keep_the_newest_out(path: Path) -> None:
    plan = Latest(ScreenPlan(owner_name="Leo"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        serving = group.create_task(ScreenLink(path, plan).run())
        crowd = [await connect(path) for _ in range(3 * MOST_CLIENTS)]
        for reader, _ in crowd[-MOST_CLIENTS:]:
            assert (await heard(reader, 1))[0].owner_name == "Leo"
        for reader, _ in crowd[:-MOST_CLIENTS]:
            with contextlib.suppress(ConnectionResetError):
                while await reader.read(65536):
                    pass
        for _, writer in crowd:
            writer.close()
        serving.cancel()


async def test_another_user_is_told_nothing(path: Path) -> None:
    plan = Latest(ScreenPlan(owner_name="Leo"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        serving = group.create_task(ScreenLink(path, plan, uid=os.geteuid() + 1).run())
        reader, writer = await connect(path)
        assert await reader.read() == b""
        writer.close()
        serving.cancel()


@pytest.fixture
def left_by_a_crash(path: Path) -> Path:
    path.write_bytes(b"")
    return path


async def test_a_socket_left_by_a_crash_is_no_obstacle(left_by_a_crash: Path) -> None:
    await test_everybody_hears_the_plan_and_its_changes(left_by_a_crash)


def test_the_owner_s_name_or_the_box_s() -> None:
    assert screen_plan_for(Config(), "living-room").owner_name == "living-room"
    config = Config(slate=SlateConfig(owner_name="Leo"), language="es", picture=PictureConfig(size="1280x720"))
    assert screen_plan_for(config, "living-room") == ScreenPlan(owner_name="Leo", language="es", width=1280, height=720)


async def test_a_deleted_socket_comes_back_and_who_is_connected_stays(path: Path) -> None:
    plan = Latest(ScreenPlan(owner_name="Leo"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        serving = group.create_task(ScreenLink(path, plan).run())
        old = await connect(path)
        await heard(old[0], 1)
        await asyncio.to_thread(shutil.rmtree, path.parent)
        new = await connect(path)
        plan.set(ScreenPlan(owner_name="Lea"))
        for reader, writer in (old, new):
            assert (await heard(reader, 1))[-1].owner_name == "Lea"
            writer.close()
        serving.cancel()
