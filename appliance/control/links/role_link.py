"""A socket on which control tells a role what to do, at once and after every change. Only that role's user may come.

It owns the socket and its connections: a few at most, of which the oldest makes room for the newest. A role that is
away, slow or broken disturbs nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from appliance.system import sockets
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

TURNS_TO_LET_IN = 4
AGAIN_S = 5.0
LOOK_AT_NAME_S = 1.0
CLOSE_WITHIN_S = 1.0


class RoleLink[Plan]:
    """Serves the processes of the user `uid` (ours when not given) that connect to `path`, `most` at a time.

    There is a socket only while `is_wanted` says so of the plan.
    """

    most = 1

    def __init__(self, path: Path, plan: Latest[Plan], pack: Callable[[Plan], bytes], uid: int | None = None) -> None:
        self._path = path
        self._plan = plan
        self._pack = pack
        self._uid = os.geteuid() if uid is None else uid
        self._served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def is_wanted(self, plan: Plan) -> bool:
        """Whether anybody is wanted here."""
        del plan
        return True

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """Reads until the line ends. A role that says nothing only stops listening at last."""
        while await reader.read(1024):
            pass

    async def run(self) -> None:
        """Listens until cancelled; anew where somebody deleted the socket, and again where it cannot be made."""
        try:
            while True:
                await self._until_wanted()
                try:
                    await self._listen()
                except OSError as error:
                    log.warning("%s cannot be made: %s.", self._path, error.strerror)
                    await asyncio.sleep(AGAIN_S)
        finally:
            for writer in self._served.values():
                writer.close()
            if self._served:
                await asyncio.wait(self._served, timeout=CLOSE_WITHIN_S)

    async def _until_wanted(self) -> None:
        async for plan in self._plan.changes():
            if self.is_wanted(plan):
                return

    async def _listen(self) -> None:
        """Listens for as long as the socket has its name and somebody is wanted; who is connected stays so."""
        # Not on a thread, and not serving yet: there is no moment at which to be called off and leave the socket open.
        listener = sockets.listen(self._path, self._uid)
        server = await asyncio.start_unix_server(self._serve, sock=listener, start_serving=False)
        try:
            await server.start_serving()
            while await asyncio.to_thread(self._path.exists):  # who deletes it tells nobody
                if not self.is_wanted(self._plan.value):
                    return
                await asyncio.sleep(LOOK_AT_NAME_S)
        finally:
            # A role may be started because there is a socket.
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            # Also where we are called off meanwhile.
            await asyncio.shield(asyncio.ensure_future(_close(server)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (ours := asyncio.current_task()) is None:
            return
        if not sockets.is_user(writer.get_extra_info("socket"), self._uid):
            log.warning("Another user's process came to %s and was turned away.", self._path)
            writer.close()
            return
        if len(self._served) >= self.most:
            self._served.pop(next(iter(self._served))).transport.abort()
        self._served[ours] = writer
        stating = asyncio.create_task(self._state_plans(writer))
        try:
            await self.hear(reader)
        except OSError:
            pass
        finally:
            stating.cancel()
            await asyncio.gather(stating, return_exceptions=True)
            self._served.pop(ours, None)
            writer.close()

    async def _state_plans(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            async for plan in self._plan.changes():
                writer.write(self._pack(plan))
                await writer.drain()


async def _close(server: asyncio.Server) -> None:
    """Who came just before is let in first: asyncio forgets one that it has accepted and not yet attached, open."""
    try:
        for _ in range(TURNS_TO_LET_IN):
            await asyncio.sleep(0)
    finally:
        server.close()
