"""screen.sock: tells the screen role what to paint, at once and after every change. A socket of our own user's only.

It owns the socket and its connections. A screen that is away, slow or broken disturbs nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from appliance.control.store import Latest
from appliance.model.screen import ScreenPlan, pack_screen

log = logging.getLogger(__name__)

AGAIN_S = 5.0
LOOK_AT_NAME_S = 1.0
CLOSE_WITHIN_S = 1.0


class ScreenLink:
    """Serves everybody who connects to `path`."""

    def __init__(self, path: Path, plan: Latest[ScreenPlan]) -> None:
        self._path = path
        self._plan = plan
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
        await asyncio.to_thread(self._prepare)
        # Not serving yet: there is no moment at which to be called off and leave the socket open.
        server = await asyncio.start_unix_server(self._serve, self._path, start_serving=False)
        try:
            await asyncio.to_thread(self._path.chmod, 0o600)
            await server.start_serving()
            while await asyncio.to_thread(self._path.exists):  # noqa: ASYNC110 - who deletes it tells nobody
                await asyncio.sleep(LOOK_AT_NAME_S)
        finally:
            server.close()

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (ours := asyncio.current_task()) is None:
            return
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
            del self._served[ours]
            writer.close()

    async def _state_plans(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            async for plan in self._plan.changes():
                writer.write(pack_screen(plan))
                await writer.drain()
