"""Messages survive being cut into chunks and pieces, times are exact, and hostile chunks are refused in bounds."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.sinks.rtmp import chunk
from appliance.engine.sinks.rtmp.chunk import ChunkError, ChunkReader, ChunkWriter, Limits, Message

MESSAGES = st.builds(
    Message,
    kind=st.sampled_from((chunk.AUDIO, chunk.VIDEO, chunk.DATA, chunk.COMMAND)),
    body=st.binary(max_size=700),
    timestamp=st.integers(0, 2**32 - 1),
    stream_id=st.integers(0, 2),
)


def write_all(messages: list[tuple[int, Message]], chunk_size: int) -> bytes:
    writer = ChunkWriter()
    return writer.set_chunk_size(chunk_size) + b"".join(writer.write(number, message) for number, message in messages)


@given(st.lists(st.tuples(st.integers(3, 63), MESSAGES), max_size=20), st.integers(1, 800), st.integers(1, 500))
def test_messages_survive_any_chunk_size_and_any_pieces(
    messages: list[tuple[int, Message]], chunk_size: int, piece: int
) -> None:
    wire = write_all(messages, chunk_size)
    reader = ChunkReader()
    got = [message for at in range(0, len(wire), piece) for message in reader.feed(wire[at : at + piece])]
    assert got[1:] == [message for _, message in messages]
    assert reader.held == 0
    assert reader.received == len(wire)


def test_times_beyond_24_bits_are_extended_in_every_chunk() -> None:
    late = Message(chunk.VIDEO, bytes(300), 0x1234567, 1)
    wire = ChunkWriter().write(6, late)
    stamp = struct.pack(">I", 0x1234567)
    assert wire[1:4] == b"\xff\xff\xff"
    assert wire.count(stamp) == 3
    assert wire[12:16] == stamp
    assert ChunkReader().feed(wire) == [late]


def test_a_live_of_five_hours_needs_no_extended_times() -> None:
    writer, reader = ChunkWriter(), ChunkReader()
    stamps = [0, 40, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0x1000021, 5 * 3_600_000]
    for stamp in stamps:
        wire = writer.write(6, Message(chunk.VIDEO, b"x", stamp, 1))
        assert b"\xff\xff\xff" not in wire
        assert [message.timestamp for message in reader.feed(wire)] == [stamp]


def test_times_that_go_back_or_wrap_are_sent_whole() -> None:
    writer, reader = ChunkWriter(), ChunkReader()
    stamps = [5000, 4000, 2**32 - 1, 2**32 + 10]
    got = [reader.feed(writer.write(6, Message(chunk.VIDEO, b"x", stamp, 1)))[0].timestamp for stamp in stamps]
    assert got == [5000, 4000, 2**32 - 1, 10]


def test_headers_without_times_repeat_the_last_step() -> None:
    reader = ChunkReader()
    first = b"\x04" + (1000).to_bytes(3) + (1).to_bytes(3) + b"\x08" + bytes(4) + b"a"
    step = b"\x84" + (20).to_bytes(3) + b"b"
    again = b"\xc4c"
    got = reader.feed(first + step + again + again)
    assert [(message.timestamp, message.body) for message in got] == [
        (1000, b"a"), (1020, b"b"), (1040, b"c"), (1060, b"c"),
    ]  # fmt: skip


def test_chunk_streams_with_long_numbers_are_read() -> None:
    head = bytes(3) + (1).to_bytes(3) + b"\x14" + bytes(4) + b"x"
    got = ChunkReader().feed(b"\x00\x10" + head + b"\x01\x10\x02" + head)
    assert [message.body for message in got] == [b"x", b"x"]


def test_an_aborted_message_is_forgotten() -> None:
    reader = ChunkReader()
    begun = ChunkWriter().write(6, Message(chunk.VIDEO, bytes(200)))[:140]
    reader.feed(begun)
    assert reader.held > 0
    reader.feed(ChunkWriter().write(2, Message(chunk.ABORT, struct.pack(">I", 6))))
    assert reader.held == 0


def test_a_message_of_16_mb_is_refused_before_it_is_read() -> None:
    with pytest.raises(ChunkError, match="too long"):
        ChunkReader().feed(b"\x03" + bytes(3) + b"\xff\xff\xff\x14" + bytes(4))


@pytest.mark.parametrize("size", [0, 0x80000000, 0xFFFFFFFF])
def test_impossible_chunk_sizes_are_refused(size: int) -> None:
    with pytest.raises(ChunkError, match="chunk size"):
        ChunkReader().feed(ChunkWriter().write(2, Message(chunk.SET_CHUNK_SIZE, struct.pack(">I", size))))


def test_too_many_chunk_streams_are_refused() -> None:
    writer = ChunkWriter()
    wire = b"".join(writer.write(number, Message(chunk.DATA, b"x")) for number in range(2, 20))
    with pytest.raises(ChunkError, match="streams"):
        ChunkReader(Limits(streams=8)).feed(wire)


def test_unfinished_messages_are_bounded_together() -> None:
    begun = [ChunkWriter().write(number, Message(chunk.DATA, bytes(900)))[:140] for number in range(3, 60)]
    with pytest.raises(ChunkError, match="unfinished"):
        ChunkReader(Limits(message=1000, pending=2000)).feed(b"".join(begun))


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_garbage_is_messages_or_one_kind_of_error_and_never_grows(pieces: list[bytes]) -> None:
    limits = Limits(message=300, pending=600, streams=8)
    reader = ChunkReader(limits)
    try:
        for piece in pieces:
            reader.feed(piece)
            assert reader.held <= limits.pending + limits.message + 32
    except ChunkError:
        pass
