"""Answers that go on: sent with back-pressure, so that a reader who does not read costs a few kilobytes and no more.

Owns nothing; the rooms that stream own what they send.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from aiohttp import web

AS_IT_COMES = {"X-Accel-Buffering": "no"}
"""Headers of what goes on: nginx, and what is made of it, would else hand it out in lumps, seconds late."""
IN_FLIGHT = 64 * 1024
"""How much may be on its way to one reader, ours and the kernel's: what is older than that is not worth sending."""


class Gone(Exception):
    """The reader went away, or took nothing for too long."""


class Stream:
    """One answer that goes on. `stuck_s` is for how long a reader may take nothing."""

    def __init__(self, request: web.Request, content_type: str, stuck_s: float, in_flight: int = IN_FLIGHT) -> None:
        self._request = request
        self._stuck_s = stuck_s
        self._in_flight = in_flight
        self.response = web.StreamResponse(headers={"Content-Type": content_type, **AS_IT_COMES})

    async def begin(self) -> None:
        """Sends the headers."""
        transport = self._request.transport
        if transport is None:
            raise Gone
        transport.set_write_buffer_limits(high=self._in_flight // 4)
        handle = transport.get_extra_info("socket")
        if handle is not None:
            with contextlib.suppress(OSError):
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._in_flight // 2)
        await self.response.prepare(self._request)

    @property
    def is_open(self) -> bool:
        """Whether the reader is still connected."""
        transport = self._request.transport
        return transport is not None and not transport.is_closing()

    async def send(self, data: bytes) -> None:
        """Sends and waits until most of it is on its way. Raises `Gone`."""
        if not self.is_open:
            raise Gone
        try:
            async with asyncio.timeout(self._stuck_s):
                await self.response.write(data)
                await self._request.writer.drain()
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise Gone from None
        except ConnectionError:
            raise Gone from None
