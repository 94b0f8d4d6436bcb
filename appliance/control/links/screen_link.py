"""screen.sock: tells the screen role what to paint, at once and after every change. Only the screen's user may come.

It owns the socket and its connections: a few at most, of which the oldest makes room for the newest. A screen that is
away, slow or broken disturbs nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path

from appliance.model.screen import ScreenPlan, pack_screen
from appliance.system import sockets
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

AGAIN_S = 5.0
MOST_CLIENTS = 4
LOOK_AT_NAME_S = 1.0
CLOSE_WITHIN_S = 1.0


class ScreenLink:
    """Serves the processes of the user `uid` (ours when not given) that connect to `path`."""

    def __init__(self, path: Path, plan: Latest[ScreenPlan], uid: int | None = None) -> None:
        self._path = path
        self._plan = plan
        self._uid = os.geteuid() if uid is None else uid
        self._served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def run(self) -> None:
        """Listens until cancelled; anew where somebody deleted the socket, and again where it cannot be made."""
        try:
            while True:
                try:
                    await self._listen()
                except OSError as error:
                    log.warning("The slate's words cannot be told to the screen: %s.", error.strerror)
                    await asyncio.sleep(AGAIN_S)
        finally:
            for writer in self._served.values():
                writer.close()
            if self._served:
                await asyncio.wait(self._served, timeout=CLOSE_WITHIN_S)

    async def _listen(self) -> None:
        """Listens for as long as the socket has its name; who is connected stays so."""
        # Not on a thread, and not serving yet: there is no moment at which to be called off and leave the socket open.
        listener = sockets.listen(self._path, self._uid)
        server = await asyncio.start_unix_server(self._serve, sock=listener, start_serving=False)
        try:
            await server.start_serving()
            while await asyncio.to_thread(self._path.exists):  # noqa: ASYNC110 - who deletes it tells nobody
                await asyncio.sleep(LOOK_AT_NAME_S)
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (ours := asyncio.current_task()) is None:
            return
        if not sockets.is_user(writer.get_extra_info("socket"), self._uid):
            log.warning("Another user's process came to %s and was turned away.", self._path)
            writer.close()
            return
        if len(self._served) >= MOST_CLIENTS:
            self._served.pop(next(iter(self._served))).transport.abort()
        self._served[ours] = writer
        stating = asyncio.create_task(self._state_plans(writer))
        try:
            # The screen says nothing; that it stops listening is all there is to hear.
            while await reader.read(1024):
                pass
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
                writer.write(pack_screen(plan))
                await writer.drain()
