"""The line to the engine: connects to its socket, states the Plan, hears Reports and preview pictures. For ever.

It owns the connection and nothing else; who listens decides what a report means.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Protocol

from appliance.errors import Invalid
from appliance.model.plan import Plan
from appliance.model.protocol import (
    JSON_FRAME,
    Hello,
    MetersMessage,
    PlanMessage,
    ReportMessage,
    Unframer,
    pack,
    unpack_from_engine,
)
from appliance.model.report import Report
from appliance.system import sockets
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.25
LAST_RETRY_S = 1.0
_CHUNK = 65_536


class Listener(Protocol):
    """Who hears the engine."""

    def greeted(self, hello: Hello) -> None:
        """The engine is there."""

    def heard(self, report: Report) -> None:
        """It reports."""

    def measured(self, message: MetersMessage) -> None:
        """It says how loud it is."""

    def framed(self, kind: bytes, body: bytes) -> None:
        """It sent a picture or a piece of the live packets."""

    def lost(self) -> None:
        """It is gone."""


class EngineLink:
    """One connection at a time to the engine's socket, and only to one of the user `uid` (ours when not given)."""

    def __init__(self, socket: Path, plan: Latest[Plan], listener: Listener, uid: int | None = None) -> None:
        self._socket = socket
        self._uid = os.geteuid() if uid is None else uid
        self._plan = plan
        self._listener = listener

    async def run(self) -> None:
        """Connects, talks until the line breaks, and again, until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket)
            except OSError:
                await asyncio.sleep(retry_s)
                retry_s = min(LAST_RETRY_S, retry_s * 2)
                continue
            retry_s = FIRST_RETRY_S
            try:
                await self._talk(reader, writer)
            finally:
                writer.close()
                self._listener.lost()
            log.info("The engine is gone; waiting for it to come back.")
            await asyncio.sleep(retry_s)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not sockets.is_user(writer.get_extra_info("socket"), self._uid):
            log.warning("%s is not the engine's; it is told nothing.", self._socket)
            return
        stating = asyncio.create_task(self._state_plans(writer))
        try:
            await self._hear(reader)
        except Invalid as error:
            log.warning("%s Are engine and control of the same version?", error)
        except OSError:
            pass
        finally:
            stating.cancel()
            await asyncio.gather(stating, return_exceptions=True)

    async def _state_plans(self, writer: asyncio.StreamWriter) -> None:
        async for plan in self._plan.changes():
            writer.write(pack(PlanMessage(plan=plan)))
            await writer.drain()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        unframer = Unframer()
        while data := await reader.read(_CHUNK):
            for kind, body in unframer.feed(data):
                if kind == JSON_FRAME:
                    self._take(body)
                else:
                    self._listener.framed(kind, body)

    def _take(self, body: bytes) -> None:
        message = unpack_from_engine(body)
        if isinstance(message, Hello):
            self._listener.greeted(message)
        elif isinstance(message, ReportMessage):
            self._listener.heard(message.report)
        else:
            self._listener.measured(message)
