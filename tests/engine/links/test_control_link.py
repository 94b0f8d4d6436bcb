"""engine.sock: plans in, reports out, and clients that misbehave."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.engine.links.control_link import MOST_CLIENTS, PACKETS_UNSENT, Link
from appliance.engine.links.serving import MOST_UNSENT
from appliance.errors import Unavailable
from appliance.model.plan import PicturePlan, Plan
from appliance.model.protocol import (
    JSON_FRAME,
    LOOK_FRAME,
    PACKET_FRAME,
    PACKETS_BEGIN,
    PACKETS_KEY,
    PACKETS_MORE,
    PREVIEW_FRAME,
    BitmapMessage,
    Hello,
    PlanMessage,
    ReportMessage,
    Unframer,
    pack,
    unpack_from_engine,
)
from appliance.model.report import Report


@pytest.fixture
def heard() -> queue.Queue[PlanMessage]:
    return queue.Queue()


@pytest.fixture
def link(tmp_path: Path, heard: queue.Queue[PlanMessage]) -> Iterator[Link]:
    running = Link(tmp_path / "run" / "engine.sock", lambda: pack(Hello(version="1", pid=1)), heard.put)
    running.start()
    yield running
    running.stop()
    assert running.join(2)
    assert running.failure is None


def connect(tmp_path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    client.connect(str(tmp_path / "run" / "engine.sock"))
    return client


def frames(client: socket.socket, count: int) -> list[tuple[bytes, bytes]]:
    unframer = Unframer()
    got: list[tuple[bytes, bytes]] = []
    while len(got) < count:
        data = client.recv(65536)
        assert data, "the engine hung up"
        got += unframer.feed(data)
    return got


def test_greets_hears_a_plan_in_any_pieces_and_reports(
    link: Link, heard: queue.Queue[PlanMessage], tmp_path: Path
) -> None:
    plan = Plan(picture=PicturePlan(look="fill"))
    with connect(tmp_path) as client:
        assert unpack_from_engine(frames(client, 1)[0][1]) == Hello(version="1", pid=1)
        for byte in pack(PlanMessage(plan=plan)):
            client.send(bytes((byte,)))
        assert heard.get(timeout=5).plan == plan
        link.send(pack(ReportMessage(report=Report(uptime_s=3))))
        link.send_preview(b"jpeg")
        report, preview = frames(client, 2)
        assert unpack_from_engine(report[1]) == ReportMessage(report=Report(uptime_s=3))
        assert preview == (PREVIEW_FRAME, b"jpeg")


def test_the_socket_is_for_its_owner_alone(link: Link, tmp_path: Path) -> None:
    assert link.alive
    mode = stat.S_IMODE((tmp_path / "run" / "engine.sock").stat().st_mode)
    assert mode & 0o077 == 0


BITMAP = BitmapMessage(slot="slate-words", sequence=1, canvas_width=64, canvas_height=64, x=0, y=0, width=8, height=4)


def test_another_user_is_told_nothing_and_not_heard(heard: queue.Queue[PlanMessage], tmp_path: Path) -> None:
    path = tmp_path / "run" / "engine.sock"
    running = Link(path, lambda: pack(Hello(version="1", pid=1)), heard.put, uid=os.geteuid() + 1)
    running.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660, "it comes in by the group of the directory"
    with connect(tmp_path) as client:
        with contextlib.suppress(BrokenPipeError):
            client.sendall(pack(PlanMessage(plan=Plan())))
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    running.stop()
    assert running.join(2)
    assert heard.empty()


def test_whoever_only_sits_there_makes_room_for_who_comes_and_control_stays(
    link: Link, heard: queue.Queue[PlanMessage], tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(connect(tmp_path))
        control.sendall(pack(PlanMessage(plan=Plan())))
        heard.get(timeout=5)
        idle = [stack.enter_context(connect(tmp_path)) for _ in range(MOST_CLIENTS - 1)]
        for client in (control, *idle):
            frames(client, 1)
        other = stack.enter_context(connect(tmp_path))
        frames(other, 1)
        assert idle[0].recv(1) == b"", "who came first and said nothing"
        link.send(pack(ReportMessage(report=Report())))
        for client in (control, other, *idle[1:]):
            frames(client, 1)
        control.sendall(pack(PlanMessage(plan=Plan())))
        heard.get(timeout=5)


@pytest.mark.parametrize(
    "garbage",
    [b"\xff" * 40, b"\0\0\0\x03J{}", b"\0\0\0\0", pack(Hello(version="1", pid=1)), pack(BITMAP)],
)
def test_nonsense_costs_a_client_its_connection_and_nobody_else(
    link: Link, heard: queue.Queue[PlanMessage], tmp_path: Path, garbage: bytes
) -> None:
    assert link.alive
    with connect(tmp_path) as bad, connect(tmp_path) as good:
        frames(bad, 1)
        bad.sendall(garbage)
        assert bad.recv(1) == b""
        good.sendall(pack(PlanMessage(plan=Plan())))
        assert heard.get(timeout=5).plan == Plan()


def test_a_client_that_never_reads_is_dropped_and_others_hear_on(link: Link, tmp_path: Path) -> None:
    with connect(tmp_path) as deaf, connect(tmp_path) as good:
        frames(deaf, 1)
        frames(good, 1)
        big = pack(ReportMessage(report=Report(capturing="x" * 500_000)))
        for _ in range(MOST_UNSENT // len(big) + 3):
            link.send(big)
            frames(good, 1)
        deaf.setblocking(True)
        deaf.settimeout(5)
        while deaf.recv(1 << 20):
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable, match="run-dir"):
        Link(tmp_path / "run" / "engine.sock", bytes, lambda _: None)


def test_a_socket_path_that_cannot_be_is_a_sentence() -> None:
    with pytest.raises(Unavailable, match="run-dir"):
        Link(Path("/proc/no-such-directory/engine.sock"), bytes, lambda _: None)


def test_a_file_in_the_place_of_the_sockets_directory_makes_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"somebody's")
    link = Link(tmp_path / "file" / "engine.sock", bytes, lambda _: None)
    link.start()
    link.stop()
    assert link.join(20)
    assert (tmp_path / "file.aside-1").read_bytes() == b"somebody's"


def test_who_comes_later_gets_the_beginning_of_the_packets_and_then_a_key_fragment(link: Link, tmp_path: Path) -> None:
    with connect(tmp_path) as first:
        frames(first, 1)
        link.send_packets(PACKETS_BEGIN, b"begin")
        link.send_packets(PACKETS_MORE, b"x")
        link.send_packets(PACKETS_KEY, b"key 1")
        link.send_look(2, b"jpeg")
        assert frames(first, 3) == [(PACKET_FRAME, b"\0begin"), (PACKET_FRAME, b"\1key 1"), (LOOK_FRAME, b"\2jpeg")]
        with connect(tmp_path) as second:
            assert frames(second, 2)[1] == (PACKET_FRAME, b"\0begin")
            link.send_packets(PACKETS_MORE, b"more 1")
            link.send_packets(PACKETS_KEY, b"key 2")
            assert frames(first, 2) == [(PACKET_FRAME, b"\2more 1"), (PACKET_FRAME, b"\1key 2")]
            assert frames(second, 1) == [(PACKET_FRAME, b"\1key 2")]
        link.send_packets(PACKETS_BEGIN, b"")
        link.send_preview(b"over")
        assert frames(first, 1) == [(PREVIEW_FRAME, b"over")]
        with connect(tmp_path) as third:
            assert [kind for kind, _ in frames(third, 1)] == [JSON_FRAME]
            link.send_preview(b"hello")
            assert frames(third, 1) == [(PREVIEW_FRAME, b"hello")]


def test_who_does_not_read_packets_loses_whole_groups_and_never_the_connection(link: Link, tmp_path: Path) -> None:
    with connect(tmp_path) as slow, connect(tmp_path) as good:
        for client in (slow, good):
            frames(client, 1)
        link.send_packets(PACKETS_BEGIN, b"begin")
        frames(good, 1)
        for number in range(200):
            kind = PACKETS_MORE if number % 8 else PACKETS_KEY
            link.send_packets(kind, number.to_bytes(2) + bytes(100_000))
            assert frames(good, 1)[0][1][1:3] == number.to_bytes(2)
        assert sum(len(client.unsent) for client in link._clients) < PACKETS_UNSENT + 200_000
        link.send(pack(ReportMessage(report=Report(uptime_s=7))))
        got: list[tuple[bytes, bytes]] = []
        unframer = Unframer()
        while not got or got[-1][0] != JSON_FRAME:
            got += unframer.feed(slow.recv(65536))
        numbers = [int.from_bytes(body[1:3]) for kind, body in got if kind == PACKET_FRAME and body[0]]
        jumps = [after for before, after in pairwise(numbers) if after != before + 1]
        assert len(numbers) < 150
        assert all(number % 8 == 0 for number in jumps), "after a gap comes a key fragment"


def test_a_deleted_socket_comes_back_and_who_is_connected_stays(
    link: Link, heard: queue.Queue[PlanMessage], tmp_path: Path
) -> None:
    with connect(tmp_path) as old:
        frames(old, 1)
        shutil.rmtree(tmp_path / "run")
        path = tmp_path / "run" / "engine.sock"
        deadline = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with connect(tmp_path) as new:
            frames(new, 1)
            for client in (old, new):
                client.sendall(pack(PlanMessage(plan=Plan())))
                assert heard.get(timeout=5).plan == Plan()


def test_who_ends_leaves_the_socket_of_a_successor(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    old = Link(path, lambda: b"", lambda _: None)
    new = Link(path, lambda: b"", lambda _: None)
    for one in (old, new):
        one.start()
    old.stop()
    assert old.join(5)
    assert path.exists()
    new.stop()
    assert new.join(5)
    assert not path.exists()
