"""Twitch's chat: read-only and without an account, over IRC and TLS, as Twitch documents it.

It owns one connection. Twitch tells of messages, subscriptions, bits and deletions this way, not of follows or viewers.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.chat.bounds import id_of, named, said, viewer, whole
from appliance.chat.irc import LONGEST_LINE, Line, parse
from appliance.chat.source import CONNECTED, Source, refused, unknown, unreachable
from appliance.model.event import AnyEvent, Badge, Comment, Deleted, Gift, Subscribe, Viewer
from appliance.system.tls import trusting

PLATFORM = "twitch"
MOST_KEPT = 1000
_BADGES: dict[str, Badge] = {
    "broadcaster": "host", "moderator": "moderator", "subscriber": "subscriber", "founder": "subscriber",
    "bits": "gifter", "sub-gifter": "gifter",
}  # fmt: skip
_SUBSCRIBED = frozenset({"sub", "resub", "giftpaidupgrade", "anongiftpaidupgrade", "primepaidupgrade"})


@dataclass(frozen=True, slots=True)
class Server:
    """Where Twitch's chat is, and how long it may say nothing before it is asked, and then given up."""

    host: str = "irc.chat.twitch.tv"
    port: int = 6697
    tls: ssl.SSLContext = field(default_factory=trusting)
    idle_s: float = 60.0
    join_s: float = 15.0


async def twitch(channel: str, server: Server) -> Source:
    """What happens in a channel. Ends when the line breaks; raises `Trouble` where it cannot be heard."""
    channel = channel.lstrip("@#").lower()
    try:
        async with asyncio.timeout(server.join_s):
            reader, writer = await asyncio.open_connection(
                server.host, server.port, ssl=server.tls, server_hostname=server.host, limit=LONGEST_LINE
            )
    except ssl.SSLCertVerificationError:
        raise unreachable(PLATFORM, "certificate") from None
    except (OSError, TimeoutError):
        raise unreachable(PLATFORM) from None
    try:
        await _join(channel, server, reader, writer)
        yield CONNECTED
        happened = Channel()
        while True:
            line = await _next(reader, writer, server.idle_s)
            if line.command == "RECONNECT":
                return
            for event in happened.told(line):
                yield event
    except (OSError, EOFError, asyncio.LimitOverrunError):
        return  # the line broke
    finally:
        writer.transport.abort()


async def _join(channel: str, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Comes in under a name that Twitch keeps for those who only read. Of a channel that is none it says nothing."""
    nick = f"justinfan{random.randint(10_000, 99_999)}"  # noqa: S311 - no secret
    writer.write(f"CAP REQ :twitch.tv/tags twitch.tv/commands\r\nNICK {nick}\r\nJOIN #{channel}\r\n".encode())
    is_let_in = False
    try:
        async with asyncio.timeout(server.join_s):
            while (line := await _next(reader, writer, server.join_s)).command != "ROOMSTATE":
                is_let_in = is_let_in or line.command == "001"
                if line.command == "NOTICE" and line.tags.get("msg-id") == "msg_channel_suspended":
                    raise unknown(PLATFORM, channel)
                if line.command == "NOTICE" and not line.tags.get("msg-id"):
                    raise refused(PLATFORM)
    except TimeoutError:
        raise (unknown(PLATFORM, channel) if is_let_in else unreachable(PLATFORM)) from None


async def _next(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle_s: float) -> Line:
    """The next line but for those that only ask whether we are there. Raises `ConnectionError` when nobody is."""
    is_asked = False
    while True:
        try:
            async with asyncio.timeout(idle_s):
                line = parse(await reader.readuntil(b"\n"))
        except TimeoutError:
            if is_asked:
                raise ConnectionError from None
            is_asked = True
            writer.write(b"PING :plugcast\r\n")
            continue
        is_asked = False
        if line is not None and line.command == "PING":
            writer.write(f"PONG :{line.params[-1] if line.params else ''}\r\n".encode())
        elif line is not None:
            return line


class Channel:
    """What a channel's lines mean. It knows what was said lately: all of that may be taken away at once."""

    def __init__(self) -> None:
        self._said: deque[str] = deque(maxlen=MOST_KEPT)
        self._gifts: deque[str] = deque(maxlen=MOST_KEPT)

    def told(self, line: Line) -> Iterator[AnyEvent]:
        """The events of a line; none for what is nobody's affair."""
        for event in self._events(line):
            if not isinstance(event, Deleted):
                self._said.append(event.id)
            yield event

    def _events(self, line: Line) -> Iterator[AnyEvent]:
        tags, at = line.tags, whole(line.tags.get("tmi-sent-ts"), most=1 << 48) / 1000
        match line.command:
            case "PRIVMSG" if len(line.params) > 1:
                yield from self._message(line, at)
            case "USERNOTICE":
                yield from self._notice(line, at)
            case "CLEARMSG" if message := tags.get("target-msg-id"):
                yield Deleted(platform=PLATFORM, at=at, messages=tuple(_parts(id_of(message))))
            case "CLEARCHAT" if user := tags.get("target-user-id"):
                yield Deleted(platform=PLATFORM, at=at, users=(id_of(user),))
            case "CLEARCHAT" if len(line.params) < 2:
                yield Deleted(platform=PLATFORM, at=at, messages=tuple(self._said))

    def _message(self, line: Line, at: float) -> Iterator[AnyEvent]:
        who, id_, text = _who(line), id_of(line.tags.get("id", "")), line.params[-1]
        if text.startswith("\x01ACTION "):
            text = text[8:].rstrip("\x01")
        yield Comment(platform=PLATFORM, id=id_, at=at, user=who, text=said(text))
        if bits := whole(line.tags.get("bits")):
            yield Gift(
                platform=PLATFORM, id=_parts(id_)[1], at=at, user=who, gift="bits", name="Bits", count=1, coins=bits
            )

    def _notice(self, line: Line, at: float) -> Iterator[AnyEvent]:
        tags, who = line.tags, _who(line)
        id_, gift = (_parts(id_of(tags.get("id", "")))[place] for place in (0, 1))
        kind = tags.get("msg-id", "")
        text = line.params[-1] if len(line.params) > 1 else ""
        together = tags.get("msg-param-community-gift-id", "")
        if kind in _SUBSCRIBED:
            months = whole(tags.get("msg-param-cumulative-months"), least=1)
            yield Subscribe(platform=PLATFORM, id=id_, at=at, user=who, months=months)
        elif kind == "submysterygift":
            self._gifts.append(together)
            count = whole(tags.get("msg-param-mass-gift-count"), least=1)
            yield _given(gift, at, who, count)
        elif kind == "subgift":
            if not together or together not in self._gifts:
                yield _given(gift, at, who, 1)
            name = tags.get("msg-param-recipient-display-name", "")
            other = viewer(tags.get("msg-param-recipient-id", ""), name, tags.get("msg-param-recipient-user-name", ""))
            months = whole(tags.get("msg-param-months"), least=1)
            yield Subscribe(platform=PLATFORM, id=id_, at=at, user=other, months=months)
        elif kind == "raid":
            text = tags.get("system-msg", "")
        if text:
            yield Comment(platform=PLATFORM, id=f"{id_}-said"[:256], at=at, user=who, text=said(text))


def _given(id_: str, at: float, who: Viewer, count: int) -> Gift:
    return Gift(platform=PLATFORM, id=id_, at=at, user=who, gift="sub", name="Gift Sub", count=count)


def _parts(id_: str) -> tuple[str, str, str]:
    """A message's own id, and those of what else it tells of."""
    return (id_, f"{id_}-gift"[:256], f"{id_}-said"[:256])


def _who(line: Line) -> Viewer:
    tags = line.tags
    handle = tags.get("login") or line.nick
    told = (badge.partition("/")[0] for badge in tags.get("badges", "").split(","))
    badges = [_BADGES[name] for name in told if name in _BADGES]
    return viewer(tags.get("user-id", ""), named(tags.get("display-name", "") or handle), handle, badges)
