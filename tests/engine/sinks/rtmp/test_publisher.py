"""A publisher against a server that behaves, or does not: what arrives, what is told, what is tried again."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from appliance.engine.sinks.rtmp import chunk, flv
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from appliance.engine.sinks.rtmp.dial import UNSENT_LIMIT
from tests.engine.sinks.media import clip
from tests.engine.sinks.publishing import (
    KEY,
    PATIENT,
    QUICK,
    Live,
    black_hole,
    closed_port,
    target,
    until,
)
from tests.fakes.rtmp_server import Behaviour, RtmpServer, Trick
from tests.servers.certificates import Authority

IMPATIENT = replace(QUICK, connect_s=0.3, commands_s=0.4)


@pytest.fixture
def server() -> Iterator[RtmpServer]:
    with RtmpServer() as running:
        yield running


def test_everything_pushed_arrives_with_exact_times(server: RtmpServer) -> None:
    made = clip()
    with Live(target(server)) as live:
        assert live.becomes("publishing")
        live.push(made.packets)
    (received,) = server.received
    origin = made.video[0].pts_ns
    for kind, packets in ((chunk.VIDEO, made.video), (chunk.AUDIO, made.audio)):
        got = [(message.timestamp, message.body) for message in received.media(kind)]
        assert got == [(flv.milliseconds(packet.pts_ns, origin), flv.media(packet)) for packet in packets]
    assert received.names()[:5] == ["connect", "releaseStream", "FCPublish", "createStream", "publish"]
    assert received.names()[5:] == ["FCUnpublish", "deleteStream"]
    assert received.pongs == [b"\x00\x07" + (4242).to_bytes(4)]
    assert live.states == ["connecting", "publishing", "off"]
    assert (live.status.sent_video, live.status.sent_audio) == (len(made.video), len(made.audio))
    assert live.status.dropped_video == 0


@pytest.mark.parametrize(
    "key", [KEY, "a", "a/b", "a+b=c", "x?y=1&z=%2F%20&w=/+=", "schlüssel-é?ü=1", "a b", '"quoted"']
)
def test_keys_arrive_byte_for_byte(server: RtmpServer, key: str) -> None:
    with Live(target(server, key)) as live:
        assert live.becomes("publishing")
    (received,) = server.received
    assert [received.named(name)[3] for name in ("releaseStream", "FCPublish", "publish", "FCUnpublish")] == [key] * 4
    connect = received.named("connect")[2]
    assert isinstance(connect, dict)
    assert (connect["app"], connect["tcUrl"]) == ("live", f"rtmp://127.0.0.1:{server.port}/live")


def test_it_begins_with_a_key_frame_and_asks_for_one(server: RtmpServer) -> None:
    made = clip()
    middle = next(n for n, packet in enumerate(made.packets) if packet.is_video and not packet.is_key)
    with Live(target(server)) as live:
        assert live.becomes("publishing")
        assert until(lambda: live.key_frames_asked == 1)
        live.push(made.packets[middle:])
    (received,) = server.received
    first = received.media(chunk.VIDEO)[0]
    assert (first.timestamp, first.body[0]) == (0, 0x17)
    assert received.media(chunk.AUDIO)[0].timestamp < 30
    assert live.status.dropped_video > 0


def test_ipv6_is_spoken() -> None:
    with RtmpServer("::1") as server:
        aim = Target.parse("tiktok", f"rtmp://[::1]:{server.port}/live", KEY)
        with Live(aim) as live:
            assert live.becomes("publishing")


def test_a_name_with_two_addresses_reaches_the_one_that_listens(server: RtmpServer) -> None:
    aim = Target.parse("tiktok", f"rtmp://localhost:{server.port}/live", KEY)
    with Live(aim) as live:
        assert live.becomes("publishing")


def test_the_stream_comes_back_when_the_connection_is_reset(server: RtmpServer) -> None:
    server.next(Behaviour(Trick.RESET_AFTER_MEDIA))
    with Live(target(server), replace(QUICK, settled_s=0.0)) as live:
        assert live.becomes("publishing")
        live.push(clip().packets)
        assert until(lambda: live.status.connects == 2)
        assert live.codes == ["connection-lost"]
        assert live.status.problem is None
        live.push(clip().packets)
        assert until(lambda: len(server.received[1].media(chunk.VIDEO)) == len(clip().video))
    assert server.received[1].media(chunk.VIDEO)[0].timestamp == 0
    assert live.key_frames_asked == 2
    assert live.status.dropped_video > 0


def test_a_stream_once_on_air_outlives_a_server_that_goes_away_in_silence(server: RtmpServer) -> None:
    with Live(target(server), QUICK) as live:
        assert live.becomes("publishing")
        assert until(lambda: live.status.connected_s > QUICK.settled_s)
        live.push(clip().packets[:5])
        server.next(*[Behaviour(Trick.CLOSE_AT_PUBLISH)] * 3)
        server.hang_up()
        assert until(lambda: live.status.connects == 2)
        assert "refused" not in live.states


@pytest.mark.parametrize(
    ("trick", "code"),
    [
        (Trick.SILENT, "server-silent"),
        (Trick.SILENT_AFTER_HANDSHAKE, "server-silent"),
        (Trick.GARBAGE, "server-not-rtmp"),
        (Trick.HTTP, "server-not-rtmp"),
        (Trick.CLOSE_AT_ONCE, "connection-lost"),
        (Trick.FLOOD, "server-not-rtmp"),
        (Trick.HUGE_MESSAGE, "server-not-rtmp"),
        (Trick.DRIP, "server-silent"),
    ],
)
def test_bad_servers_are_named_and_tried_again(server: RtmpServer, trick: Trick, code: str) -> None:
    server.next(Behaviour(trick))
    with Live(target(server), IMPATIENT if code == "server-silent" else QUICK) as live:
        assert until(lambda: code in live.codes)
        assert until(lambda: live.status.state == "publishing")
    assert live.codes == [code]


def test_nobody_listening_is_told_and_tried_again() -> None:
    with closed_port() as port, Live(Target.parse("t", f"rtmp://127.0.0.1:{port}/live", KEY), QUICK) as live:
        assert until(lambda: live.status.attempts > 3)
        assert live.codes == ["server-refused-connection"]
        assert str(port) in live.words
        assert until(lambda: live.status.retry_in_s > 0)


def test_a_path_that_swallows_everything_is_told_in_time() -> None:
    with black_hole() as port, Live(Target.parse("t", f"rtmp://127.0.0.1:{port}/live", KEY), IMPATIENT) as live:
        assert until(lambda: live.codes == ["server-unreachable"], 3)


def test_an_unknown_name_is_told() -> None:
    with Live(Target.parse("t", "rtmp://no-such-host.invalid/live", KEY), replace(QUICK, connect_s=3)) as live:
        assert live.becomes("waiting")
        assert live.codes == ["server-not-found"]


def test_a_name_server_that_hangs_is_bounded_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answers = [], threading.Event()

    def hang(*question: object, **_: object) -> list[object]:
        asked.append(question)
        answers.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with Live(Target.parse("t", "rtmp://host.example/live", KEY), IMPATIENT) as live:
        assert until(lambda: live.status.attempts > 2)
        assert live.codes == ["server-not-found"]
    assert len(asked) == 1
    answers.set()


def test_an_address_that_swallows_everything_does_not_hide_the_next(
    server: RtmpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with black_hole() as hole:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (hole, server.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with Live(Target.parse("t", "rtmp://host.example/live", KEY)) as live:
            assert live.becomes("publishing")
        assert live.codes == []


def test_a_frozen_server_is_given_up_and_its_ghost_does_not_bar_us() -> None:
    with RtmpServer(receive_buffer=4096) as server:
        server.next(Behaviour(Trick.STOP_READING))
        with Live(target(server), replace(QUICK, commands_s=1)) as live:
            assert live.becomes("publishing")
            live.push(clip(kbps=3000).packets)
            assert until(lambda: "connection-stalled" in live.codes)
            # The server still holds the stream, so the next attempts meet our own ghost until the reset is seen.
            server.thaw()
            assert until(lambda: live.status.connects == 2)
            assert server.wait_for(lambda: server.received[0].has_ended)
        assert server.received[0].was_reset


def test_backlog_shows_and_pictures_are_dropped_but_no_sound() -> None:
    made = clip(kbps=3000)
    with RtmpServer(receive_buffer=4096) as server:
        server.next(Behaviour(Trick.STOP_READING))
        with Live(target(server), replace(QUICK, stall_s=5, backlog_ms=500, drain_s=5), made) as live:
            assert live.becomes("publishing")
            live.push(made.packets)
            assert live.status.backlog_ms > 0
            assert until(lambda: live.status.dropped_video > 0)
            server.thaw()
            assert server.wait_for(lambda: len(server.received[0].media(chunk.AUDIO)) == len(made.audio))
        pictures = server.received[0].media(chunk.VIDEO)
        assert live.status.sent_video == len(pictures) < len(made.video)
        assert live.status.sent_video + live.status.dropped_video == len(made.video)


def test_what_is_on_the_way_counts_as_backlog_and_silence_is_measured() -> None:
    made = clip(width=64, height=64, kbps=100)
    few = [packet for packet in made.packets if packet.pts_ns < made.packets[0].pts_ns + 500_000_000]
    assert sum(len(packet.data) for packet in few) < UNSENT_LIMIT, "less than the kernel takes from us at once"
    with RtmpServer(receive_buffer=4096) as server:
        server.next(Behaviour(Trick.STOP_READING))
        with Live(target(server), replace(QUICK, stall_s=5)) as live:
            assert live.becomes("publishing")
            live.push(few)
            assert until(lambda: live.status.backlog_ms > 100)
            assert until(lambda: live.status.silent_s > 0.3)
            server.thaw()
            assert until(lambda: live.status.backlog_ms == 0)
            assert until(lambda: live.status.silent_s < 0.3)


def test_the_rate_and_the_bytes_are_what_went_out(server: RtmpServer) -> None:
    made = clip()
    with Live(target(server)) as live:
        assert live.becomes("publishing")
        live.push(made.packets)
        assert until(lambda: live.status.kbps > 0)
        total = sum(len(packet.data) for packet in made.packets)
        assert until(lambda: total < live.status.bytes < total * 1.2)


def test_stopping_while_it_connects_is_immediate(server: RtmpServer) -> None:
    server.usual = Behaviour(Trick.SILENT)
    with Live(target(server), Timings()) as live:
        assert live.becomes("connecting")
        live.publisher.stop()
        assert live.publisher.join(1)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("is_tls", [False, True])
def test_after_silence_both_sides_send_small_segments(host: str, is_tls: bool, authority: Authority) -> None:
    """Large packets may vanish on the way, without a word; what is not greeted soon is tried again with small ones."""
    with RtmpServer(host, tls=authority.issue().context() if is_tls else None) as server:
        server.next(Behaviour(Trick.SILENT), Behaviour(Trick.CLOSE_AFTER_START))
        shown = f"[{host}]" if ":" in host else host
        aim = Target.parse("t", f"rtmp{'s' * is_tls}://{shown}:{server.port}/live", KEY, str(authority.file))
        with Live(aim, replace(QUICK, first_answer_s=0.2)) as live:
            assert until(lambda: live.status.connects == 2)
        assert live.codes[0] == "server-silent"
        first, *others = [received.segment for received in server.received]
        assert first > 1300
        assert len(others) == 2
        assert max(others) <= 1200


def test_segments_stay_large_where_a_server_answers(server: RtmpServer) -> None:
    with Live(target(server), QUICK) as live:
        assert live.becomes("publishing")
        server.hang_up()
        assert until(lambda: live.status.connects == 2)
    assert min(received.segment for received in server.received) > 1300


def test_pushing_before_start_and_after_the_end_does_nothing(server: RtmpServer) -> None:
    live = Live(target(server))
    live.push(clip().packets)
    with live:
        assert live.becomes("publishing")
    live.push(clip().packets)
    live.publisher.retry_now()
    assert live.status.state == "off"
    assert live.status.sent_video == 0


@pytest.mark.parametrize("trick", list(Trick))
def test_the_key_is_in_no_text(server: RtmpServer, trick: Trick, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.usual = Behaviour(trick, "cannot publish {name}, sorry")
    late = (Trick.NONE, Trick.STOP_READING, Trick.RESET_AFTER_MEDIA, Trick.END_IN_WORDS)
    with Live(target(server), replace(IMPATIENT, patience_s=0.1)) as live:
        assert until(lambda: bool(live.codes) or trick in late, 5)
        live.push(clip().packets[:40])
    shown = live.words + caplog.text + repr([vars(record) for record in caplog.records])
    assert "127.0.0.1" in shown
    for secret in (KEY, "2137703598951235785", "6ab2c0b9", "c43f"):
        assert secret not in shown


def test_a_server_that_asks_without_end_and_reads_nothing_is_left() -> None:
    made = clip(kbps=3000)
    with RtmpServer(receive_buffer=4096) as server:
        server.next(Behaviour(Trick.ASK_AND_NOT_READ))
        with Live(target(server), replace(PATIENT, stall_s=5.0, drain_s=0.3, closing_s=0.2), made) as live:
            assert live.becomes("publishing")
            live.push(made.packets)
            assert until(lambda: "server-not-rtmp" in live.codes)
