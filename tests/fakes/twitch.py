"""A Twitch chat server that follows RFC 1459, IRCv3's tags and Twitch's own page about them, as far as a reader needs.

It is a fake and says so: what Twitch does today is for a real account. A `script` says what a channel's visitors hear.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

type Script = Callable[[Visitor], Awaitable[None]]


class Visitor:
    """One connection, as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.nick = ""
        self.wants = set[str]()

    async def send(self, *lines: str | bytes) -> None:
        """Says lines."""
        for line in lines:
            self._writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        await self._writer.drain()

    async def line(self) -> str:
        """What the visitor says next. Raises `EOFError` when it is gone."""
        return (await self._reader.readuntil(b"\n")).decode().removesuffix("\r\n")

    async def gone(self) -> None:
        """Waits until the visitor hangs up."""
        while await self._reader.read(4096):
            pass


class TwitchServer:
    """Greets, lets in who comes as justinfanN, and plays the script of each channel that there is."""

    def __init__(self, channels: dict[str, Script]) -> None:
        self._channels = channels
        self.joined = list[str]()
        self.port = 0
        self._writers = list[asyncio.StreamWriter]()

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext) -> AsyncIterator[TwitchServer]:
        """Listens for as long as it is needed."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitor = Visitor(reader, writer)
        self._writers.append(writer)
        try:
            while True:
                command, _, rest = (await visitor.line()).partition(" ")
                if command == "CAP":
                    visitor.wants |= set(rest.partition(":")[2].split())
                    await visitor.send(f":tmi.twitch.tv CAP * ACK :{rest.partition(':')[2]}")
                elif command == "NICK":
                    visitor.nick = rest
                    if not re.fullmatch(r"justinfan\d+", rest):
                        await visitor.send(":tmi.twitch.tv NOTICE * :Login authentication failed")
                        return
                    welcome = ("001", "Welcome, GLHF!"), ("002", "Your host is tmi.twitch.tv"), ("376", ">")
                    await visitor.send(*(f":tmi.twitch.tv {number} {rest} :{text}" for number, text in welcome))
                elif command == "JOIN":
                    await self._join(visitor, rest)
        except (EOFError, OSError):
            pass
        finally:
            writer.transport.abort()

    async def _join(self, visitor: Visitor, channel: str) -> None:
        nick, name = visitor.nick, channel.removeprefix("#")
        self.joined.append(name)
        if name == "suspended":
            text = "This channel does not exist or has been suspended."
            await visitor.send(f"@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE {channel} :{text}")
        elif name in self._channels:
            await visitor.send(
                f":{nick}!{nick}@{nick}.tmi.twitch.tv JOIN {channel}",
                f"@emote-only=0;followers-only=-1;room-id=12345;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE {channel}",
                f":{nick}.tmi.twitch.tv 353 {nick} = {channel} :{nick}",
                f":{nick}.tmi.twitch.tv 366 {nick} {channel} :End of /NAMES list",
            )
            await self._channels[name](visitor)
