"""The chat as a process under the supervisor, hung, out of memory, killed: it comes back, and events count once."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

import pytest

from appliance.clock.clocks import WallClock
from appliance.control.chat.desk import ChatDesk
from appliance.control.links.chat_link import ChatLink
from appliance.model.chat import ChatPlan, FromChat, SourcePlan
from appliance.supervisor.run import Patience, Supervisor
from appliance.supervisor.run_dir import RunDir
from appliance.system.latest import Latest
from appliance.system.programs import Command
from appliance.system.sockets import socket_path

# A platform that tells everything again to whoever comes, and one comment more; then it is its reader's end.
CHILD = """
import os, signal, sys, time
from pathlib import Path
from appliance.chat import main as role
from appliance.chat.source import CONNECTED
from appliance.model.event import Comment, Gift, Viewer

visits = Path(sys.argv[1]) / "visits"

async def opened(plan, clock, asked):
    with visits.open("a") as file:
        file.write(".")
    visit = len(visits.read_text())
    maya = Viewer(id="1", name="Maya")
    yield CONNECTED
    for number in range(visit):
        yield Comment(platform="tiktok", id=str(number), user=maya, text=f"comment {number}")
        yield Gift(platform="tiktok", id=f"g{number}", user=maya, gift="5655", name="Rose", coins=1,
                   count=number + 1, group="g", is_streak=True)
    await clock.sleep(0.3)
    if visit == 1:
        time.sleep(999)
    elif visit == 2:
        heap = []
        while True:
            heap.append(bytearray(16 << 20))
            await clock.sleep(0)
    elif visit == 3:
        # Less than what fails by itself, and more than what it may have: it ends in order.
        heap = [bytearray(b"x") * (16 << 20) for _ in range(18)]
        await clock.sleep(999)
    elif visit == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        await clock.sleep(999)

role.opened = opened
sys.exit(role.main(Path(sys.argv[1])))
"""


@pytest.mark.timeout(120)
def test_hung_out_of_memory_and_killed_it_comes_back_and_nothing_counts_twice() -> None:
    async def test(home: Path) -> None:
        stop, plan, desk = asyncio.Event(), Latest(ChatPlan()), ChatDesk(WallClock())
        news = asyncio.Event()

        class Listener:
            def chat_said(self, message: FromChat) -> None:
                desk.said(message)
                news.set()

            def chat_lost(self, lost: ChatPlan) -> None:
                desk.lost(lost)
                news.set()

        command = Command((sys.executable, "-c", CHILD, str(home)))
        patience = Patience(watchdog_s=1.5, first_pause_s=0.01, last_pause_s=0.02, end_s=5.0)
        with contextlib.closing(RunDir(home)) as place:
            link = asyncio.create_task(ChatLink(socket_path(home, "chat"), plan, Listener()).run())
            roles = asyncio.create_task(Supervisor({"chat": command}, place, patience, stop).run())
            plan.set(ChatPlan(sources=(SourcePlan(platform="tiktok", name="maya"),)))
            desk.listen(plan.value)
            async with asyncio.timeout(60):
                while desk.state.totals.comments < 5 or desk.state.status != "connected":
                    news.clear()
                    await news.wait()
            stop.set()
            assert await roles == 0
            link.cancel()
            await asyncio.gather(link, return_exceptions=True)
        assert desk.state.totals.comments == 5
        assert [message.gift.count for message in desk.state.messages if message.gift] == [5]
        assert len((home / "visits").read_text()) == 5

    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        asyncio.run(test(Path(name)))
