"""The client's half of a connection without a socket: no answer of a server makes it crash, grow or lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp import amf, chunk
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.chunk import ChunkReader, ChunkWriter, Message
from appliance.engine.sinks.rtmp.handshake import BLOCK
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Session, SessionError, Stage
from tests.engine.sinks.media import clip
from tests.engine.sinks.publishing import KEY
from tests.fakes.server_handshake import ServerHandshake

TARGET = Target.parse("tiktok", "rtmp://host/live", KEY)
SUCCESS: dict[str, amf.Value] = {"level": "status", "code": "NetConnection.Connect.Success"}
START: dict[str, amf.Value] = {"level": "status", "code": "NetStream.Publish.Start"}


class Peer:
    """The server's half, which says what a test wants."""

    def __init__(self, stage: Stage) -> None:
        self.session = Session(TARGET, clip().params)
        self._writer = ChunkWriter()
        self.reader = ChunkReader()
        answer, _ = ServerHandshake().feed(self.session.take())
        self.session.feed(answer)
        self.messages = self.reader.feed(self.session.take()[BLOCK:])
        if stage in (Stage.CREATE, Stage.PUBLISH, Stage.PUBLISHING):
            self.say("_result", 1, {}, SUCCESS)
        if stage in (Stage.PUBLISH, Stage.PUBLISHING):
            self.say("_result", 4, None, 3)
        if stage is Stage.PUBLISHING:
            self.say("onStatus", 0, None, START)
        assert self.session.stage is stage
        self.messages += self.reader.feed(self.session.take())

    def say(self, *values: amf.Value) -> None:
        """Has the session read a command."""
        self.send(chunk.COMMAND, amf.encode(*values))

    def send(self, kind: int, body: bytes) -> None:
        """Has the session read a message."""
        self.session.feed(self._writer.write(3, Message(kind, body)))


def answers(peer: Peer) -> list[Message]:
    return peer.reader.feed(peer.session.take())


def test_pings_are_answered() -> None:
    peer = Peer(Stage.PUBLISHING)
    peer.send(chunk.USER_CONTROL, b"\x00\x06\x01\x02\x03\x04")
    assert [message.body for message in answers(peer)] == [b"\x00\x07\x01\x02\x03\x04"]


def test_received_bytes_are_acknowledged() -> None:
    peer = Peer(Stage.PUBLISHING)
    peer.send(chunk.WINDOW_ACK_SIZE, (2000).to_bytes(4))
    assert answers(peer) == []
    peer.send(chunk.DATA, bytes(1500))
    (acknowledgement,) = answers(peer)
    assert acknowledgement.kind == chunk.ACKNOWLEDGEMENT
    assert int.from_bytes(acknowledgement.body) > 1500


def test_headers_come_before_media_and_media_begins_at_zero() -> None:
    peer = Peer(Stage.PUBLISHING)
    data, video_header, audio_header = peer.messages[-3:]
    assert amf.decode(data.body)[:2] == ["@setDataFrame", "onMetaData"]
    assert (video_header.body[:2], audio_header.body[:2]) == (b"\x17\x00", b"\xaf\x00")
    key = Packet(True, b"k", 5_000_000_000, 1, is_key=True)
    early = Packet(False, b"e", 4_990_000_000, 1, is_key=True)
    late = Packet(False, b"l", 5_000_000_000 + 5 * 3_600_000_000_000, 1, is_key=True)
    assert peer.session.tag(key)
    assert peer.session.tag(early) == b""
    (message,) = peer.reader.feed(peer.session.tag(late))
    assert (message.timestamp, message.stream_id, message.body) == (18_000_000, 3, b"\xaf\x01l")


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Stage.CONNECT, ["_error", 1, None, {"code": "NetConnection.Connect.Rejected", "description": "no"}]),
        (Stage.CREATE, ["_error", 4, None, {"code": "NetConnection.Call.Failed", "description": "no"}]),
        (Stage.PUBLISH, ["_error", 5, None, {"description": "no"}]),
        (Stage.PUBLISH, ["onStatus", 0, None, {"level": "error", "code": "x", "description": "no"}]),
        (Stage.PUBLISHING, ["onStatus", 0, None, {"level": "error", "description": "no"}]),
        (Stage.PUBLISHING, ["close", 0, None, {"description": "no"}]),
    ],
)
def test_refusals_carry_the_servers_words(stage: Stage, said: list[amf.Value]) -> None:
    with pytest.raises(ServerRefusedError) as caught:
        Peer(stage).say(*said)
    assert (caught.value.stage, caught.value.said, caught.value.is_busy) == (stage, "no", False)


def test_a_key_in_use_is_not_a_wrong_key() -> None:
    with pytest.raises(ServerRefusedError) as caught:
        Peer(Stage.PUBLISH).say("onStatus", 0, None, {"level": "error", "code": "NetStream.Publish.BadName"})
    assert caught.value.is_busy


@pytest.mark.parametrize(
    "said",
    [
        ["_error", 2, None, {"level": "error"}],
        ["_error", 3, None, {"level": "error"}],
        ["onBWDone", 0, None],
        ["onFCPublish", 0, None, START],
        ["_result", 1, None, SUCCESS],
        ["onStatus", 0, None, None],
        ["onStatus", 0],
        ["onFCPublish"],
        [],
        [1, 2],
        [None, "publish", {}],
    ],
)
def test_side_remarks_change_nothing(said: list[amf.Value]) -> None:
    peer = Peer(Stage.PUBLISH)
    peer.say(*said)
    assert peer.session.stage is Stage.PUBLISH


UNREADABLE = {
    "movie clip": b"\x04",
    "reference": b"\x07\0\0",
    "record set": b"\x0e",
    "AMF3": b"\x11\x04\x05",
    "AMF3 in an object": b"\x03\x00\x01a\x11\x0a\x0b\x01\x00\x00\x09",
    "unheard of": b"\x7f",
    "left over": b"\x05\0\0\0",
    "cut": b"\x02\x00\x09abc",
    "too deep": b"\x0a\0\0\0\x01" * 40,
    "too many": b"\x05" * (amf.MAX_VALUES + 1),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("name", ["onBWDone", "onFCPublish", "onMetaData", "|RtmpSampleAccess", "_checkbw"])
@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.PUBLISHING])
def test_what_nobody_asked_for_may_hold_anything(stage: Stage, name: str, value: bytes) -> None:
    peer = Peer(stage)
    for kind, lead in ((chunk.COMMAND, b""), (chunk.COMMAND_AMF3, b"\0")):
        peer.send(kind, lead + amf.encode(name, 0) + value)
        peer.send(kind, lead + amf.encode(name) + value)
        peer.send(kind, lead + amf.encode(name, 0, {"a": 1}) + value)
    assert peer.session.stage is stage


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
def test_answers_are_understood_when_what_matters_in_them_can_be_read(value: bytes) -> None:
    peer, stages = Peer(Stage.CONNECT), []
    start = amf.encode("onStatus", 0, None) + amf.encode(START).removesuffix(b"\0\0\x09") + b"\0\x01z"
    for answer in (amf.encode("_result", 1), amf.encode("_result", 4, None, 3), start):
        peer.send(chunk.COMMAND, answer + value)
        stages.append(peer.session.stage)
    assert stages == [Stage.CREATE, Stage.PUBLISH, Stage.PUBLISHING]
    no = amf.encode("onStatus", 0, None, {"level": "error", "code": "x", "description": "no"}) + value
    with pytest.raises(ServerRefusedError) as caught:
        peer.send(chunk.COMMAND, no)
    assert caught.value.said == "no"


def test_answers_of_which_nothing_can_be_read_are_errors() -> None:
    with pytest.raises(SessionError):
        Peer(Stage.CREATE).send(chunk.COMMAND, amf.encode("_result", 4, None) + b"\x11\x04\x05")
    with pytest.raises(SessionError):
        Peer(Stage.PUBLISH).send(chunk.COMMAND, amf.encode("onStatus", 0, None) + b"\x11\x04\x05")


@pytest.mark.parametrize("number", [None, "x", -1.0, 2.0**32, float("nan"), float("inf")])
def test_a_stream_number_that_is_none_is_an_error(number: amf.Value) -> None:
    with pytest.raises(SessionError):
        Peer(Stage.CREATE).say("_result", 4, None, number)


@pytest.mark.parametrize("body", [b"\x00", b"\x07", b"\x0a\xff\xff\xff\xff"])
def test_malformed_commands_are_errors(body: bytes) -> None:
    with pytest.raises(SessionError):
        Peer(Stage.CONNECT).send(chunk.COMMAND, body)


def test_a_server_that_only_asks_is_stopped() -> None:
    peer = Peer(Stage.PUBLISHING)
    ping = ChunkWriter().write(2, Message(chunk.USER_CONTROL, b"\x00\x06\x01\x02\x03\x04"))
    with pytest.raises(SessionError, match="faster"):
        peer.session.feed(ping * 10_000)


STAGES = st.sampled_from((Stage.CONNECT, Stage.CREATE, Stage.PUBLISH, Stage.PUBLISHING))
WORDS = st.sampled_from(("_result", "_error", "onStatus", "close", "onBWDone"))
LOOSE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(("error", "status", "NetStream.Publish.Start")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("level", "code", "description")), inner)
    ),
    max_leaves=6,
)


@given(STAGES, st.lists(st.tuples(WORDS, st.sampled_from((0, 1, 2, 4, 5)), st.lists(LOOSE, max_size=3)), max_size=6))
def test_any_commands_at_any_time_are_survived(stage: Stage, said: list[tuple[str, int, list[amf.Value]]]) -> None:
    peer = Peer(stage)
    try:
        for name, transaction, rest in said:
            peer.say(name, transaction, *rest)
    except (SessionError, ServerRefusedError):
        pass


@given(st.lists(st.binary(max_size=2000), max_size=6), st.booleans())
def test_any_bytes_are_survived(pieces: list[bytes], is_connected: bool) -> None:
    session = Peer(Stage.PUBLISH).session if is_connected else Session(TARGET, clip().params)
    try:
        for piece in pieces:
            session.feed(piece)
            session.take()
    except (SessionError, ServerRefusedError):
        pass
