"""The chat's process: hears from control whom to listen to, listens, says what happens. For ever.

It owns the connections to the platforms and nothing of the owner's: no key, no device, no file. It says what happens
and decides nothing. Control may come and go: sources go on meanwhile, so that nobody is asked twice to let us in.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from appliance.chat.asked import Asked, file_in
from appliance.chat.opened import opened, place_of
from appliance.chat.outbox import Outbox
from appliance.chat.source import Clock, Keeper, Source
from appliance.errors import Invalid
from appliance.model.chat import ChatPlan, SourcePlan, unpack_chat_plan
from appliance.model.protocol import Unframer
from appliance.system.notify import Notifier
from appliance.system.sockets import is_user, socket_path, user_of

log = logging.getLogger(__name__)

RETRY_S = 0.5
BATCH_S = 0.05
"""So long events are collected before they are sent: twenty messages a second at most, however many happen."""
MOST_MB, ENOUGH_MB = 224, 384
"""At the first it ends in order and starts anew. The second is the end of what grows faster than one can look."""
LOOK_S = 1.0
HANG_UP_S = 5.0
STATED_WITHIN_S = 3.0
"""Control says at once whom it wants; a line on which nobody does was taken by one that was just closing."""
_CHUNK = 65_536

type Opened = Callable[[SourcePlan, Clock, Asked], Source]


class ChatRole:
    """The sources of the newest plan, each in a task of its own, and the line to control."""

    def __init__(self, socket: Path, uid: int, opened: Opened, clock: Clock, asked: Asked | None = None) -> None:
        self._socket = socket
        self._uid = uid
        self._opened = opened
        self._clock = clock
        self._asked = asked or Asked()
        self._outbox = Outbox()
        self._kept: dict[SourcePlan, asyncio.Task[None]] = {}
        self._is_wanted = True

    async def run(self) -> None:
        """Until cancelled, or until control wants nobody listened to and has taken its socket away."""
        try:
            while self._is_wanted or self._socket.exists():
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_unix_connection(self._socket)
                    try:
                        if is_user(writer.get_extra_info("socket"), self._uid):
                            await self._talk(reader, writer)
                    finally:
                        writer.close()
                await self._clock.sleep(RETRY_S)
        finally:
            await self._follow(ChatPlan())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unframer, saying = Unframer(), None
        try:
            async with asyncio.timeout(STATED_WITHIN_S):
                data = await reader.read(_CHUNK)
            # Not before control has spoken: what is told to a line that is just closing is lost.
            self._outbox.begin()
            saying = asyncio.create_task(self._say(writer))
            while data:
                for _, body in unframer.feed(data):
                    await self._follow(unpack_chat_plan(body))
                if not self._is_wanted:
                    return
                data = await reader.read(_CHUNK)
        except Invalid as error:
            log.warning("%s", error)
        finally:
            if saying:
                saying.cancel()
                await asyncio.gather(saying, return_exceptions=True)

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(await self._outbox.take())
            await writer.drain()
            self._outbox.sent()
            await self._clock.sleep(BATCH_S)

    async def _follow(self, plan: ChatPlan) -> None:
        """Ends what is not wanted any longer, begins what is new; the rest goes on undisturbed."""
        gone = [self._kept.pop(source) for source in self._kept.keys() - set(plan.sources)]
        for task in gone:
            task.cancel()
        if gone:
            # A line that does not let go ends in its own time: the next plan is not kept waiting for it.
            await asyncio.wait(gone, timeout=HANG_UP_S)
        self._is_wanted = bool(plan.sources)
        self._outbox.keep_only(source.platform for source in plan.sources)
        for source in plan.sources:
            if source not in self._kept:
                keeper = Keeper(
                    source.platform,
                    partial(self._opened, source, self._clock, self._asked),
                    self._outbox,
                    self._clock,
                    self._asked,
                    place=place_of(source),
                    name=source.name,
                )
                self._kept[source] = asyncio.create_task(keeper.run(), name=f"chat of {source.platform}")


def main(run_dir: Path) -> int:
    """The role `chat`: runs until SIGTERM or SIGINT."""
    _limit_memory()
    return asyncio.run(_serve(run_dir))


async def _serve(run_dir: Path) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    notifier = Notifier(os.environ)
    clock = Clock(time.time, time.monotonic)
    asked = Asked(file_in(run_dir))
    role = asyncio.create_task(ChatRole(socket_path(run_dir, "chat"), user_of("control"), opened, clock, asked).run())
    told = asyncio.create_task(stop.wait())
    notifier.ready()
    try:
        while not stop.is_set():
            notifier.alive()
            done, _ = await asyncio.wait(
                (role, told), timeout=min(notifier.interval_s or LOOK_S, LOOK_S), return_when=asyncio.FIRST_COMPLETED
            )
            if role in done:
                role.result()
                break
            if _resident_mb() > MOST_MB:
                log.error("What listens to viewers has grown beyond %d MB. It ends, and starts anew.", MOST_MB)
                return 1
    finally:
        notifier.stopping()
        role.cancel()
        await asyncio.gather(role, return_exceptions=True)
        notifier.close()
    return 0


def _resident_mb() -> int:
    """What this process holds in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() >> 20


def _limit_memory() -> None:
    """What grows without end fails here, and not the box. Where systemd keeps the limit, it lets us set none."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (ENOUGH_MB << 20, ENOUGH_MB << 20))
