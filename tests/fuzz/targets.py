"""One function for each peer that may be hostile: any bytes in, nothing out, and only what is promised may be raised.

Hypothesis (`tests/fuzz/test_*.py`) and atheris (`./dev fuzz`) both drive them, so whatever one finds the other can
keep. A target raises AssertionError, or whatever escaped, when a promise is broken. Never touches a real device.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.access.certificate import own_identity
from appliance.access.tokens import AccessFiles
from appliance.clock.clocks import WallClock
from appliance.control.director import Director, Surroundings
from appliance.control.keys import KeyStore, read_key_file
from appliance.control.live.live_state import Wish
from appliance.control.live.wish_file import WishFile
from appliance.destinations.paste import read_paste
from appliance.engine.encode import h264
from appliance.engine.hardware.disks import Places, removable_disks
from appliance.engine.jobs.uplink_server import Connection, Server
from appliance.engine.sinks import mp4
from appliance.engine.sinks.mp4 import Fragments
from appliance.engine.sinks.rtmp import amf, chunk, flv
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.amf import AmfError
from appliance.engine.sinks.rtmp.chunk import ChunkError, ChunkReader, ChunkWriter, Limits, Message
from appliance.engine.sinks.rtmp.handshake import BLOCK, VERSION
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Session, SessionError
from appliance.engine.threads.worker import Worker
from appliance.engine.v4l2 import edid
from appliance.errors import Invalid, PlugcastError, Refused, Unavailable
from appliance.hardware.catalogue import read_catalogue
from appliance.hardware.profiles import recognise
from appliance.model.command import read_command
from appliance.model.platforms.registry import expiry_of
from appliance.model.profile import Profile
from appliance.model.protocol import (
    JSON_FRAME,
    MAX_FRAME,
    DeviceFacts,
    Hello,
    ReportMessage,
    Unframer,
    unpack_from_engine,
    unpack_layer,
    unpack_to_engine,
)
from appliance.model.screen import unpack_screen
from appliance.recordings import mp4_boxes
from appliance.settings import layers
from appliance.settings.checks import must_be_panels
from appliance.settings.panel_file import read_backup, read_panel, write_panel
from tests.engine.sinks.media import clip
from tests.fakes.script import Script
from tests.fuzz.chat import chat_events
from tests.fuzz.devices import card, driver

type TargetFunction = Callable[[bytes], None]

KEY = "stream-2137703598951235785?expire=6ab2c0b9&sign=c43f/x+y=="
_SERVER = Target.parse("tiktok", "rtmp://127.0.0.1/live", KEY)
_WELCOME = bytes((VERSION,)) + bytes(2 * BLOCK)
_LIMITS = Limits(message=4096, pending=8192, streams=8)
_MOST_ANSWERS = 80 * 1024
_PLACE = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where small files cost nothing."""
_DEVICE = DeviceFacts(node="/dev/video0", card="x", driver="uvcvideo", usb_id="534d:2109", kind="hdmi", has_edid=True)


def pieces(data: bytes) -> list[bytes]:
    """The bytes as they may arrive: the first says in how long pieces, 1 being the slowest drip."""
    size = (1, 3, 128, 1 << 16)[data[0] % 4] if data else 1
    return [data[at : at + size] for at in range(1, len(data), size)]


def rtmp_chunks(data: bytes) -> None:
    """A server's bytes behind the handshake: messages or ChunkError, and memory within the limits."""
    reader = ChunkReader(_LIMITS)
    with contextlib.suppress(ChunkError):
        for piece in pieces(data):
            for message in reader.feed(piece):
                assert len(message.body) <= _LIMITS.message
            assert reader.held <= _LIMITS.pending + _LIMITS.message + 32


def rtmp_values(data: bytes) -> None:
    """A command's body: values or AmfError."""
    values, fault = amf.decode_readable(data)
    assert len(values) <= amf.MAX_VALUES + 1
    with contextlib.suppress(AmfError):
        assert amf.encode(*amf.decode(data)) == amf.encode(*values)
        assert fault is None


def rtmp_session(data: bytes) -> None:
    """A whole server, from the handshake or behind it: a refusal, an error of ours, or a session that goes on."""
    session = Session(_SERVER, clip().params)
    began = bool(data) and data[0] < 224
    with contextlib.suppress(SessionError, ServerRefusedError):
        if began:
            session.feed(_WELCOME)
        for piece in pieces(data):
            session.feed(piece)
            assert len(session.take()) <= _MOST_ANSWERS


def rtmp_answers(data: bytes) -> None:
    """Well-formed chunks with hostile messages in them, which plain bytes seldom become."""
    script, writer, session = Script(data), ChunkWriter(), Session(_SERVER, clip().params)
    session.feed(_WELCOME)
    kinds = (chunk.COMMAND, chunk.COMMAND, chunk.COMMAND_AMF3, chunk.USER_CONTROL, chunk.WINDOW_ACK_SIZE,
             chunk.SET_PEER_BANDWIDTH, chunk.ABORT, chunk.SET_CHUNK_SIZE, chunk.DATA, 99)  # fmt: skip
    names = ("_result", "onStatus", "_error", "close", "onBWDone", "\x00", "")
    codes = ("NetStream.Publish.Start", "NetStream.Publish.BadName", f"no {KEY}", "\udcff".encode(errors="replace"))
    with contextlib.suppress(SessionError, ServerRefusedError):
        while not script.is_over:
            kind = script.choice(kinds)
            if kind in (chunk.COMMAND, chunk.COMMAND_AMF3):
                info: dict[str, amf.Value] = {
                    "level": script.choice(("status", "error", "")),
                    "code": str(script.choice(codes)),
                }
                values: list[amf.Value] = [
                    script.choice(names),
                    script.choice((1, 4, 5, 0, -1, float("nan"))),
                    None,
                    info,
                ]
                values += script.choice(([], [1], [float("nan")], [2.0**33], ["1"], [True]))
                body = bytes(kind == chunk.COMMAND_AMF3) + amf.encode(*values)
            else:
                body = bytes(script.byte() for _ in range(script.byte() % 12))
            session.feed(writer.write(script.choice((2, 3, 63)), Message(kind, body, script.number(0), 0)))
            assert len(session.take()) <= _MOST_ANSWERS


def h264_stream(data: bytes) -> None:
    """What an encoder may have written: parameter sets that can be described, AVCC that can be walked through."""
    sets = h264.parameter_sets(data)
    if sets:
        assert h264.avc_configuration(*sets)[0] == 1
    avcc = h264.to_avcc(data)
    at = 0
    while at < len(avcc):
        at += 4 + int.from_bytes(avcc[at : at + 4])
    assert at == len(avcc) <= 2 * len(data) + 4
    assert len(flv.tag(flv.VIDEO, int.from_bytes(data[:4]), data)) == len(data) + 15


def mp4_fragments(data: bytes) -> None:
    """What a muxer may have written: every byte comes out once, or it is a disk error to the recorder."""
    assert len(b"".join(mp4.pieces(data))) <= len(data)
    mp4.starts_with_key(data)
    fragments, out = Fragments(), b""
    try:
        for piece in pieces(data):
            fragments.write(piece)
            out += fragments.take()
    except OSError:
        return
    assert out + fragments.take_rest() == data[1:]
    assert fragments.size == 0


class _Idle(Worker):
    """A thread that was never started."""

    def work(self) -> None:
        """Nothing."""


def web_answer(data: bytes) -> None:
    """The server of an uplink test: a success, or a sentence; nothing of it is kept."""
    ours, theirs = socket.socketpair()
    connection = Connection(Server("test.example", 80, "/", is_secure=False), ours, 0.0)
    try:
        ours.settimeout(0.01)
        theirs.sendall(data[: 1 << 16])
        theirs.close()
        connection.read_answer(1.0, _Idle("fuzz"))
    except Unavailable as error:
        one_line(error)
    finally:
        connection.close()


def disk_lists(data: bytes) -> None:
    """The kernel's list of mounts, which has names in it that somebody else chose: disks or none."""
    with tempfile.TemporaryDirectory(dir=_PLACE) as folder:
        place = Path(folder)
        (place / "mountinfo").write_bytes(data)
        block = place / "usb1/sda/sda1"
        block.mkdir(parents=True)
        (block / "partition").write_bytes(data)
        (block.parent / "removable").write_bytes(b"1")
        (place / "sda1").symlink_to(block)
        for disk in removable_disks(Places(place / "mountinfo", place, place)):
            assert disk.label.isprintable()


def mp4_file(data: bytes) -> None:
    """A file that a crash or a stranger left: an answer, whatever is in it."""
    with os.fdopen(os.memfd_create("fuzz"), "w+b") as file:
        file.write(data)
        file.flush()
        assert 0 <= mp4_boxes.whole(file).size <= len(data)
        assert len(mp4_boxes.head(file)) <= len(data)
        assert mp4_boxes.seconds(file) >= 0


def v4l2_driver(data: bytes) -> None:
    """A driver that lies about everything: signals with sentences, pictures of the right size, and an end."""
    driver(data)


def alsa_card(data: bytes) -> None:
    """A card that lies about everything: sound in the present, or sentences, and an end."""
    card(data)


def edid_text(data: bytes) -> None:
    """A profile's EDID and an input's: accepted or Invalid; comparing never fails."""
    text = data.decode("latin-1")
    for candidate in (text, data.hex(), (edid.HEADER + data).hex()):
        with contextlib.suppress(Invalid):
            assert edid.parse_edid(candidate)
    assert edid.same_edid(data, data)
    edid.same_edid(edid.HEADER + data, data)


def box_toml(data: bytes) -> None:
    """An owner's file: a config, or Invalid in one line that is not endless."""
    with tempfile.TemporaryDirectory(dir=_PLACE) as place:
        file = Path(place) / "box.toml"
        file.write_bytes(data)
        try:
            loaded = layers.load(file)
        except Invalid as error:
            one_line(error)
        else:
            layers.explain(loaded)
        backup(Path(place), data.decode(errors="replace"))


def backup(place: Path, text: str) -> None:
    """A backup that somebody sends: kept so that it can be read again, or refused in one line."""
    try:
        values, strange = read_backup(text)
        for path, value in values.items():
            must_be_panels(path, value)
        write_panel(place, values, strange)
    except (Invalid, Refused) as error:
        one_line(error)
    else:
        panel = read_panel(place)
        assert not panel.is_broken
        assert panel.values == values
        assert panel.strange.keys() == strange.keys()


def profile_toml(data: bytes) -> None:
    """A hardware profile and an EDID file beside it: a catalogue, or Invalid."""
    with tempfile.TemporaryDirectory(dir=_PLACE) as place:
        kind = ("boards", "capture", "displays")[data[0] % 3 if data else 0]
        for name in (f"{kind}/x.toml", "edid/x.hex"):
            file = Path(place) / name
            file.parent.mkdir()
            file.write_bytes(data[1:])
        try:
            found = read_catalogue(Path(place))
            recognise(found, Hello(version="1", pid=1, board="x", devices=(_DEVICE,)), "auto")
        except Invalid as error:
            one_line(error, 2000)


def state_files(data: bytes) -> None:
    """Files of ours that are torn or rotten: as if they were not there."""
    with tempfile.TemporaryDirectory(dir=_PLACE) as folder:
        place = Path(folder)
        ours = ("keys/pasted/tiktok.json", "keys/armed.json", "run.json", "key", "tls/identity.pem")
        access = (
            "access/tokens.json",
            "access/sessions.json",
            "access/pin.json",
            "access/password.json",
            "access/epoch",
        )
        for name in (*ours, *access):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        store = KeyStore(place)
        store.credentials(layers.join(()).config)
        store.armed()
        assert isinstance(WishFile(place).read(), Wish)
        files = AccessFiles(place)
        files.tokens()
        files.sessions()
        assert len(files.pin.shown()) == 8
        files.password.is_set  # noqa: B018 - that it can be asked is the point
        own_identity(place, (), (), 1e9)
        with contextlib.suppress(OSError):
            expiry_of(read_key_file(place / "key").key)


def paste(data: bytes) -> None:
    """What a person pasted: a server and a key, or Invalid that repeats none of it."""
    text = data.decode(errors="replace")
    try:
        pasted = read_paste(text)
    except Invalid as error:
        one_line(error)
        assert_hidden(error, text)
    else:
        assert not pasted.key or len(pasted.key) < 6 or pasted.key not in repr(pasted).replace(repr(pasted.server), "")
        expiry_of(pasted.key)


def command(data: bytes) -> None:
    """What a program sent to the panel: a command, or Invalid that repeats none of it."""
    try:
        read_command(data)
    except Invalid as error:
        one_line(error)
        assert_hidden(error, data.decode(errors="replace"))


def engine_frames(data: bytes) -> None:
    """What control, or who got into its place, sends to the engine."""
    unframer = Unframer()
    with contextlib.suppress(Invalid):
        for piece in pieces(data):
            for kind, body in unframer.feed(piece):
                assert len(body) <= MAX_FRAME
                if kind == JSON_FRAME:
                    for unpack in (unpack_to_engine, unpack_layer, unpack_screen):
                        with contextlib.suppress(Invalid):
                            unpack(body)


def control_frames(data: bytes) -> None:
    """What the engine, or who got into its place, sends to control: a State that can be sent on."""
    unframer = Unframer()
    with tempfile.TemporaryDirectory(dir=_PLACE) as place, contextlib.suppress(Invalid):
        director = director_at(Path(place))
        for piece in pieces(data):
            for kind, body in unframer.feed(piece):
                if kind == JSON_FRAME:
                    hear(director, body)


def director_at(place: Path) -> Director:
    """The real Director, with a profile that knows nothing."""
    around = Surroundings(
        keys=KeyStore(place), wishes=WishFile(place), profile_for=lambda *_: Profile(), name="box", version="1",
        clock=WallClock(lambda: 1000.0, lambda: 1000.0),
    )  # fmt: skip
    return Director(layers.join(()), around)


def hear(director: Director, body: bytes) -> None:
    """Hands one message of the engine's to the Director. Raises Invalid."""
    message = unpack_from_engine(body)
    if isinstance(message, Hello):
        director.greeted(message)
    elif isinstance(message, ReportMessage):
        director.heard(message.report)
    assert msgspec.json.encode(director.state.value)
    assert msgspec.json.encode(director.plan.value)


def one_line(error: PlugcastError, longest: int = 1000) -> None:
    """Asserts that an error can be shown to a person."""
    text = str(error)
    assert text
    assert "\n" not in text
    assert len(text) <= longest
    assert error.code


def assert_hidden(error: PlugcastError, text: str) -> None:
    """Asserts that nothing with digits in it, as keys have, went from the text into the error."""
    shown = f"{error} {error.facts}"
    for word in text.split():
        if len(word) >= 6 and any(c.isdigit() for c in word) and not word.startswith(("$.", "<=", "`$")):
            assert word not in shown


TARGETS: dict[str, TargetFunction] = {
    target.__name__.replace("_", "-"): target
    for target in (
        rtmp_chunks, rtmp_values, rtmp_session, rtmp_answers, h264_stream, mp4_fragments, mp4_file, web_answer,
        disk_lists, v4l2_driver,
        alsa_card, edid_text, box_toml, profile_toml, state_files, paste, command, engine_frames, control_frames,
        chat_events,
    )
}  # fmt: skip
"""Every target by its name on the command line."""


def timed(target: TargetFunction, data: bytes, seconds: float = 5.0) -> None:
    """Runs a target and asserts that it cost no more of a processor than that, however busy the machine is.

    Generous, for what grows out of hand. What waits for ever is ended by the test's own limit.
    """
    began = time.process_time()
    target(data)
    assert time.process_time() - began < seconds, f"{len(data)} bytes took too long"
