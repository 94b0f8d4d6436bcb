"""Twitch's chat against a server that follows the RFC, with certificates, silence and lines that are none."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.chat.irc import Line, parse
from appliance.chat.source import CONNECTED, Connected, Trouble
from appliance.chat.twitch import Channel, Server, twitch
from appliance.model.event import AnyEvent, Comment, Deleted, Gift, Subscribe, Viewer
from tests.fakes.twitch import Script, TwitchServer, Visitor
from tests.servers.certificates import Authority, Certificate

MAYA = "badge-info=subscriber/14;badges=moderator/1,subscriber/12,glhf-pledge/1;display-name=Maya_Plays;user-id=77"
TALK = ":maya_plays!maya_plays@maya_plays.tmi.twitch.tv PRIVMSG #leo :"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue()


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


def played(
    channels: dict[str, Script],
    certificate: Certificate,
    tls: ssl.SSLContext,
    channel: str = "Leo",
    idle_s: float = 15.0,
    join_s: float = 15.0,
) -> tuple[list[AnyEvent | Connected], TwitchServer]:
    """What is heard of a channel until its line breaks."""
    heard = list[AnyEvent | Connected]()

    async def listen(server: TwitchServer) -> None:
        place = Server(host="localhost", port=server.port, tls=tls, idle_s=idle_s, join_s=join_s)
        async with aclosing(twitch(channel, place)) as source:
            async for event in source:
                heard.append(event)

    return heard, run(TwitchServer(channels), certificate, listen)


def run(
    server: TwitchServer, certificate: Certificate, listen: Callable[[TwitchServer], Awaitable[None]]
) -> TwitchServer:
    async def test() -> None:
        async with asyncio.timeout(20), server.serving(certificate.context()):
            await listen(server)

    asyncio.run(test())
    return server


def test_what_viewers_do_becomes_events(authority: Authority, certificate: Certificate) -> None:
    async def evening(visitor: Visitor) -> None:
        assert visitor.wants == {"twitch.tv/tags", "twitch.tv/commands"}
        await visitor.send("PING :tmi.twitch.tv")
        assert await visitor.line() == "PONG :tmi.twitch.tv"
        await visitor.send(
            f"@{MAYA};id=a1;tmi-sent-ts=1700000000500 {TALK}Kappa : hello; ¡qué tal! 👨‍👩‍👧 مرحبا",
            f"@{MAYA};id=a2;bits=100;tmi-sent-ts=1700000001000 {TALK}cheer100",
            f"@{MAYA};id=a3 {TALK}\x01ACTION waves\x01",
            f"@{MAYA};id=a4;login=maya_plays;msg-id=resub;msg-param-cumulative-months=14 "
            ":tmi.twitch.tv USERNOTICE #leo :still here",
            f"@{MAYA};id=a5;login=maya_plays;msg-id=submysterygift;msg-param-mass-gift-count=2;"
            "msg-param-community-gift-id=c9 :tmi.twitch.tv USERNOTICE #leo",
            *(
                f"@{MAYA};id=a{number};login=maya_plays;msg-id=subgift;msg-param-months=1;msg-param-recipient-id={number};"
                f"msg-param-recipient-display-name=Zoë;msg-param-community-gift-id=c9 :tmi.twitch.tv USERNOTICE #leo"
                for number in (6, 7)
            ),
            f"@{MAYA};id=a8;login=maya_plays;msg-id=subgift;msg-param-recipient-id=8 :tmi.twitch.tv USERNOTICE #leo",
            f"@{MAYA};id=a9;login=maya_plays;msg-id=raid;msg-param-viewerCount=15;"
            r"system-msg=15\sraiders\sfrom\sMaya\shave\sjoined! :tmi.twitch.tv USERNOTICE #leo",
            "@login=maya_plays;target-msg-id=a1 :tmi.twitch.tv CLEARMSG #leo :Kappa : hello",
            "@ban-duration=600;target-user-id=77 :tmi.twitch.tv CLEARCHAT #leo :maya_plays",
            ":tmi.twitch.tv CLEARCHAT #leo",
            ":tmi.twitch.tv RECONNECT",
        )
        await visitor.gone()

    heard, server = played({"leo": evening}, certificate, trusting(authority))
    maya = Viewer(id="77", name="Maya_Plays", handle="maya_plays", badges=("moderator", "subscriber"))
    assert server.joined == ["leo"]
    assert heard[0] is CONNECTED
    events = [event for event in heard if not isinstance(event, Connected)]
    first, cheered, bits, waved, again, still, given_, *subs = events
    text = "Kappa : hello; ¡qué tal! 👨‍👩‍👧 مرحبا"
    assert first == Comment(platform="twitch", id="a1", at=1_700_000_000.5, user=maya, text=text)
    assert isinstance(cheered, Comment)
    assert isinstance(bits, Gift)
    assert (bits.name, bits.count, bits.coins, bits.user) == ("Bits", 1, 100, maya)
    assert isinstance(waved, Comment)
    assert waved.text == "waves"
    assert isinstance(again, Subscribe)
    assert (again.months, again.user) == (14, maya)
    assert isinstance(still, Comment)
    assert isinstance(given_, Gift)
    assert (given_.count, given_.user) == (2, maya)
    assert [type(event) for event in subs] == [
        Subscribe, Subscribe, Gift, Subscribe, Comment, Deleted, Deleted, Deleted,
    ]  # fmt: skip
    assert [event.user.id for event in subs if isinstance(event, Subscribe)] == ["6", "7", "8"]
    raid, message, user, everything = subs[4:]
    assert isinstance(raid, Comment)
    assert raid.text == "15 raiders from Maya have joined!"
    assert isinstance(message, Deleted)
    assert isinstance(user, Deleted)
    assert isinstance(everything, Deleted)
    assert message.messages[0] == "a1"
    assert user.users == ("77",)
    ids = [event.id for event in events if not isinstance(event, Deleted)]
    assert list(everything.messages) == ids
    assert len(set(ids)) == len(ids)


def test_silence_is_asked_and_then_given_up(authority: Authority, certificate: Certificate) -> None:
    asked = list[str]()

    async def dozing(visitor: Visitor) -> None:
        asked.append(await visitor.line())
        await visitor.send(":tmi.twitch.tv PONG tmi.twitch.tv :plugcast", f"@id=1 {TALK}awake")
        asked.append(await visitor.line())
        await visitor.gone()
        asked.append("gone")

    heard, _ = played({"leo": dozing}, certificate, trusting(authority), idle_s=1.0)
    assert asked == ["PING :plugcast", "PING :plugcast", "gone"]
    assert [event.text for event in heard if isinstance(event, Comment)] == ["awake"]


def test_lines_that_are_none_end_nothing(authority: Authority, certificate: Certificate) -> None:
    async def hostile(visitor: Visitor) -> None:
        await visitor.send(
            b"", b"\x00\xff\xfe", b"@", b"@;;==;=", b":", b": :", b"PRIVMSG", b"@id= :x PRIVMSG #leo",
            b"@id=9 PRIVMSG :",
            b"@bits=99999999999999999999;id=b1;tmi-sent-ts=99e99 " + TALK.encode() + b"\xf0\x9f", b"USERNOTICE",
            b"@msg-id=subgift USERNOTICE #leo", b"CLEARMSG #leo", b"CLEARCHAT", "٣٦٦ x :y".encode(),
            b"@id=" + b"i" * 9000 + b" " + TALK.encode() + b"long", f"@id=b2 {TALK}last",
        )  # fmt: skip
        await visitor.send(b"x" * 40_000)
        await visitor.gone()

    heard, _ = played({"leo": hostile}, certificate, trusting(authority))
    assert isinstance(heard[-1], Comment)
    assert heard[-1].text == "last"
    assert all(carried(event) for event in heard if not isinstance(event, Connected))


@pytest.mark.parametrize("channel", ["suspended", "nobody"])
def test_a_name_that_is_none_is_told(authority: Authority, certificate: Certificate, channel: str) -> None:
    with pytest.raises(Trouble) as told:
        played({}, certificate, trusting(authority), channel, join_s=2.0)
    assert (told.value.error.code, told.value.error.facts["name"]) == ("chat-unknown", channel)


def test_nothing_is_read_from_somebody_else(authority: Authority, certificate: Certificate) -> None:
    elsewhere = authority.issue("DNS:elsewhere.example")
    for shown, tls in ((certificate, ssl.create_default_context()), (elsewhere, trusting(authority))):
        with pytest.raises(Trouble) as told:
            played({}, shown, tls)
        assert told.value.error.facts["kind"] == "certificate"


def test_nobody_there_is_told(authority: Authority) -> None:
    async def test() -> None:
        async with aclosing(twitch("leo", Server("localhost", 1, trusting(authority)))) as source:
            with pytest.raises(Trouble) as told:
                await anext(source)
        assert (told.value.error.code, told.value.status) == ("chat-unreachable", "connecting")

    asyncio.run(test())


def carried(event: AnyEvent) -> bool:
    """Whether a message to control can carry it."""
    data = msgspec.json.encode(event)
    return bool(msgspec.json.decode(data, type=AnyEvent) == event)


TAGS = st.sampled_from(
    ("id", "user-id", "bits", "badges", "msg-id", "tmi-sent-ts", "target-msg-id", "target-user-id", "display-name",
     "msg-param-mass-gift-count", "msg-param-cumulative-months", "system-msg", "login")
)  # fmt: skip
WORDS = st.one_of(
    st.text(max_size=30), st.sampled_from(("subgift", "raid", "sub", "submysterygift", "1", "-5", "1e400"))
)
COMMANDS = st.sampled_from(("PRIVMSG", "USERNOTICE", "CLEARMSG", "CLEARCHAT"))


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_a_line_or_none(data: bytes) -> None:
    line = parse(data)
    if line is not None:
        assert all(carried(event) for event in Channel().told(line))


@given(COMMANDS, st.dictionaries(TAGS, WORDS), st.lists(WORDS, max_size=3))
def test_whatever_a_line_says_can_be_carried(command: str, tags: dict[str, str], params: list[str]) -> None:
    channel = Channel()
    for _ in range(2):
        assert all(carried(event) for event in channel.told(Line(command, tuple(params), tags, "nick")))
