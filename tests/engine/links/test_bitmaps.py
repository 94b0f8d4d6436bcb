"""Bitmaps over layers.sock: a good one becomes a layer, and nothing that a client sends hurts the engine."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import queue
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.links.bitmaps import MOST_CANVASES, MOST_PIXELS, Bitmap, SlateWords, read_bitmap
from appliance.engine.links.layers_link import MOST_DESCRIPTORS, MOST_PAINTERS, LayersLink
from appliance.errors import Invalid
from appliance.model.plan import Plan
from appliance.model.protocol import BitmapMessage, PlanMessage, frame, pack
from appliance.model.slate_layout import words_room
from appliance.screen.handover import sealed

GOOD = BitmapMessage(
    slot="slate-words", sequence=1, canvas_width=720, canvas_height=1280, x=100, y=700, width=8, height=4
)
PIXELS = bytes(range(128))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def changed(**fields: Any) -> BitmapMessage:
    return msgspec.structs.replace(GOOD, **fields)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def bitmaps() -> queue.Queue[Bitmap]:
    return queue.Queue()


@pytest.fixture
def link(place: Path, bitmaps: queue.Queue[Bitmap]) -> Iterator[LayersLink]:
    running = LayersLink(place / "layers.sock", bitmaps.put)
    running.start()
    yield running
    running.stop()
    assert running.join(2)
    assert running.failure is None


def connect(place: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    client.connect(str(place / "layers.sock"))
    return client


def give(client: socket.socket, message: BitmapMessage, descriptor: int) -> None:
    socket.send_fds(client, [pack(message)], [descriptor])
    os.close(descriptor)


def hangs_up(client: socket.socket) -> bool:
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_bitmap_is_copied_out_of_its_memory(link: LayersLink, place: Path, bitmaps: queue.Queue[Bitmap]) -> None:
    before = open_files()
    with connect(place) as client:
        for sequence in range(1, 51):
            give(client, changed(sequence=sequence), sealed(PIXELS))
            bitmap = bitmaps.get(timeout=5)
            assert bitmap.pixels.shape == (4, 8, 4)
            assert bitmap.pixels.tobytes() == PIXELS
        assert open_files() <= before + 2, "client and connection"
    assert link.alive


def test_an_old_sequence_is_not_shown_again(link: LayersLink, place: Path, bitmaps: queue.Queue[Bitmap]) -> None:
    with connect(place) as client:
        give(client, changed(sequence=5), sealed(PIXELS))
        give(client, changed(sequence=4), sealed(PIXELS))
        give(client, changed(sequence=6), sealed(PIXELS))
        assert [bitmaps.get(timeout=5).message.sequence for _ in range(2)] == [5, 6]
    assert link.alive


def test_a_painter_can_say_nothing_else(link: LayersLink, place: Path, bitmaps: queue.Queue[Bitmap]) -> None:
    with connect(place) as client:
        give(client, GOOD, sealed(PIXELS))
        bitmaps.get(timeout=5)
        client.sendall(pack(PlanMessage(plan=Plan())))
        assert client.recv(1) == b"", "it hears nothing, too, but that it is disconnected"
    with connect(place) as client:
        client.sendall((8 * 1024 * 1024).to_bytes(4) + b"J")
        assert client.recv(1) == b"", "no message of a painter is that long"
    assert link.alive


def test_the_newest_painter_always_gets_in(link: LayersLink, place: Path, bitmaps: queue.Queue[Bitmap]) -> None:
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connect(place)) for _ in range(8)]
        client = stack.enter_context(connect(place))
        give(client, GOOD, sealed(PIXELS))
        assert bitmaps.get(timeout=5).message.sequence == 1
        for one in idle[: 9 - MOST_PAINTERS]:
            assert one.recv(1) == b""
    assert link.alive


def test_another_user_hands_over_nothing(place: Path, bitmaps: queue.Queue[Bitmap]) -> None:
    running = LayersLink(place / "layers.sock", bitmaps.put, uid=os.geteuid() + 1)
    running.start()
    with connect(place) as client:
        with contextlib.suppress(BrokenPipeError):
            give(client, GOOD, sealed(PIXELS))
        assert hangs_up(client)
    running.stop()
    assert running.join(2)
    assert bitmaps.empty()


def unsealed() -> int:
    descriptor = os.memfd_create("loose", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, PIXELS)
    return descriptor


def only_grow_sealed() -> int:
    descriptor = unsealed()
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    return descriptor


def a_file() -> int:
    with tempfile.TemporaryFile() as file:
        file.write(PIXELS)
        file.flush()
        return os.dup(file.fileno())


HOSTILE = {
    "not sealed": (GOOD, unsealed),
    "may shrink": (GOOD, only_grow_sealed),
    "an ordinary file": (GOOD, a_file),
    "a device": (GOOD, lambda: os.open("/dev/zero", os.O_RDONLY)),
    "a pipe": (GOOD, lambda: os.pipe2(os.O_CLOEXEC)[0]),
    "too little memory": (GOOD, lambda: sealed(PIXELS[:-1])),
    "too much memory": (GOOD, lambda: sealed(PIXELS + b"\0")),
    "no memory": (GOOD, lambda: sealed(b"")),
    "beyond the right edge": (changed(x=713), lambda: sealed(PIXELS)),
    "beyond the lower edge": (changed(y=1277), lambda: sealed(PIXELS)),
    "needlessly large": (
        changed(canvas_width=1920, canvas_height=1920, x=0, y=0, width=1920, height=1920),
        lambda: sealed(bytes(1920 * 1920 * 4)),
    ),
    "larger than its canvas": (changed(x=0, width=800, height=1), lambda: sealed(bytes(3200))),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_bitmap_costs_its_client_the_connection(
    link: LayersLink, place: Path, bitmaps: queue.Queue[Bitmap], how: str
) -> None:
    message, memory = HOSTILE[how]
    with connect(place) as bad, connect(place) as good:
        give(bad, message, memory())
        assert hangs_up(bad)
        give(good, changed(sequence=7), sealed(PIXELS))
        assert bitmaps.get(timeout=5).message.sequence == 7
    assert bitmaps.empty()
    assert link.alive


@pytest.mark.parametrize(
    "fields",
    [{"width": 0}, {"height": -4}, {"width": 1 << 40}, {"canvas-width": 4000}, {"x": -1}, {"sequence": -1},
     {"slot": "elsewhere"}, {"x": "left"}, {"z": 1 << 80}],
)  # fmt: skip
def test_numbers_that_cannot_be(link: LayersLink, place: Path, fields: dict[str, object]) -> None:
    said = json.loads(msgspec.json.encode(GOOD)) | fields
    with connect(place) as client:
        socket.send_fds(client, [frame(b"J", json.dumps(said).encode())], [descriptor := sealed(PIXELS)])
        os.close(descriptor)
        assert hangs_up(client)
    assert link.alive


def test_a_message_without_memory(link: LayersLink, place: Path) -> None:
    with connect(place) as client:
        client.sendall(pack(GOOD))
        assert hangs_up(client)
    assert link.alive


def test_descriptors_without_messages_are_not_collected(
    link: LayersLink, place: Path, bitmaps: queue.Queue[Bitmap]
) -> None:
    before = open_files()
    with connect(place) as client:
        descriptor = sealed(PIXELS)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(MOST_DESCRIPTORS):
                socket.send_fds(client, [b"\0"], [descriptor] * 3)
        os.close(descriptor)
        assert hangs_up(client)
    with connect(place) as client:
        give(client, GOOD, sealed(PIXELS))
        bitmaps.get(timeout=5)
    assert open_files() <= before + 1
    assert link.alive


@given(st.binary(max_size=300))
def test_read_bitmap_believes_nothing(memory: bytes) -> None:
    descriptor = sealed(memory)
    try:
        if len(memory) == len(PIXELS):
            assert read_bitmap(GOOD, descriptor).pixels.tobytes() == memory
        else:
            with pytest.raises(Invalid):
                read_bitmap(GOOD, descriptor)
    finally:
        os.close(descriptor)


def bitmap(**fields: Any) -> Bitmap:
    message = changed(**fields)
    pixels = np.full((message.height, message.width, 4), 255, np.uint8)
    pixels[..., 0] = 0  # blue is first: yellow
    return Bitmap(message, pixels)


def test_the_newest_words_of_the_last_canvases_are_kept() -> None:
    words = SlateWords()
    assert words.layer_for(720, 1280) is None
    words.put(bitmap())
    old = words.layer_for(720, 1280)
    words.put(bitmap(sequence=2, x=200))
    new = words.layer_for(720, 1280)
    assert old is not None
    assert new is not None
    assert (old.rect.x, new.rect.x) == (100, 200)
    for width in range(1000, 1000 + 2 * MOST_CANVASES, 2):
        words.put(bitmap(canvas_width=width))
    assert words.layer_for(720, 1280) is None, "room for the newest canvases only"
    assert words.layer_for(1000, 1280) is not None


@pytest.mark.parametrize("width", [160, 720, 1280, 1920])
@pytest.mark.parametrize("height", [160, 720, 1280, 1920])
def test_the_largest_words_are_accepted(width: int, height: int) -> None:
    room = words_room(width, height)
    assert room.width * room.height <= MOST_PIXELS
    assert room.y + room.height <= height
