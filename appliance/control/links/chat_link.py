"""chat.sock: tells the chat role whom to listen to, and hears what happens there. No socket where nobody is wanted.

The supervisor starts the chat role when there is the socket, so a box without chat has no process for it. A log that
somebody plays back comes the same way, by a socket of its own.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Protocol

from appliance.control.links.role_link import RoleLink
from appliance.errors import Invalid
from appliance.model.chat import ChatPlan, FromChat, pack_chat, unpack_from_chat
from appliance.model.protocol import Unframer
from appliance.system.latest import Latest

log = logging.getLogger(__name__)

MAX_FRAME = 1 << 22
_CHUNK = 65_536


class Listener(Protocol):
    """Who hears the chat."""

    def chat_said(self, message: FromChat) -> None:
        """Something happened there, or to a source."""

    def chat_lost(self, plan: ChatPlan) -> None:
        """Who told of these is gone."""


class ChatLink(RoleLink[ChatPlan]):
    """One chat role at a time; the newest, so that one that hangs keeps no other out."""

    def __init__(self, path: Path, plan: Latest[ChatPlan], listener: Listener, uid: int | None = None) -> None:
        super().__init__(path, plan, pack_chat, uid)
        self._listener = listener
        self._newest: asyncio.StreamReader | None = None

    def is_wanted(self, plan: ChatPlan) -> bool:
        """Whether the owner has chosen anybody to listen to."""
        return bool(plan.sources)

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """Hands on what the role says, until the line ends or it says what nobody understands."""
        self._newest = reader
        unframer = Unframer(MAX_FRAME)
        try:
            while data := await reader.read(_CHUNK):
                for _, body in unframer.feed(data):
                    self._listener.chat_said(unpack_from_chat(body))
        except Invalid as error:
            log.warning("%s Are chat and control of the same version?", error)
        finally:
            if self._newest is reader:
                self._listener.chat_lost(self._plan.value)
