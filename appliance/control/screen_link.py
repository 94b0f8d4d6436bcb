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


class ScreenLink:
    """Serves everybody who connects to `path`."""

    def __init__(self, path: Path, plan: Latest[ScreenPlan]) -> None:
        self._path = path
        self._plan = plan

    async def run(self) -> None:
        """Listens until cancelled; tries again where the socket cannot be made."""
        while True:
            try:
                await asyncio.to_thread(self._path.unlink, missing_ok=True)
                # Not serving yet: there is no moment at which to be called off and leave the socket open.
                server = await asyncio.start_unix_server(self._serve, self._path, start_serving=False)
                async with server:
                    await asyncio.to_thread(self._path.chmod, 0o600)
                    await server.serve_forever()
            except OSError as error:
                log.warning("The slate's words cannot be told to the screen: %s.", error.strerror)
                await asyncio.sleep(AGAIN_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
            writer.close()

    async def _state_plans(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            async for plan in self._plan.changes():
                writer.write(pack_screen(plan))
                await writer.drain()
