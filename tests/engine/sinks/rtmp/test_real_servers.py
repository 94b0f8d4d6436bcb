"""The publisher against servers others wrote: nginx with its RTMP module, and node-media-server."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import av
import pytest

from appliance.engine.sinks.rtmp.address import Target
from tests.engine.sinks.media import Clip, clip
from tests.engine.sinks.publishing import KEY, PATIENT, Live, assert_complete, read, until
from tests.servers.certificates import Authority
from tests.servers.nginx import Nginx
from tests.servers.node_media_server import NodeMediaServer

# Real servers are processes of their own, and the first use of one may install it.
pytestmark = pytest.mark.timeout(120)

QUICK = replace(PATIENT, retry_first_s=0.05, retry_max_s=0.1, retry_refused_s=0.2, settled_s=0.2, patience_s=0.5)


def assert_decodes(file: Path, made: Clip) -> None:
    with av.open(file, "r") as container:
        stream = container.streams.video[0].codec_context
        frames = list(container.decode(video=0))
    assert (stream.name, stream.width, stream.height, stream.pix_fmt) == (
        "h264", made.params.video.width, made.params.video.height, "yuv420p",
    )  # fmt: skip
    assert len(frames) == len(made.video)


@pytest.mark.parametrize("fps", [30, 60])
def test_nginx_records_every_frame(nginx_server: Nginx, fps: int) -> None:
    made = clip(4, fps)
    with Live(Target.parse("tiktok", nginx_server.server, KEY), PATIENT, made) as live:
        assert live.becomes("publishing")
        live.push(made.packets)
    recording = nginx_server.recording()
    assert_complete(recording, made)
    assert_decodes(recording, made)
    assert nginx_server.wait_for(lambda hooks: len(hooks.ended) == 1)


def test_nginx_keeps_time_after_five_hours(nginx_server: Nginx) -> None:
    made, later = clip(4, kbps=3000), 5 * 3_600_000
    moved = [replace(packet, pts_ns=packet.pts_ns + later * 1_000_000) for packet in made.packets]
    with Live(Target.parse("tiktok", nginx_server.server, KEY), replace(PATIENT, backlog_ms=10 * later), made) as live:
        assert live.becomes("publishing")
        live.push([*made.packets, *moved])
    video, audio = read(nginx_server.recording())
    half = len(video) // 2
    assert half == len(made.video)
    assert [(pts + later, is_key, data) for pts, is_key, data in video[:half]] == video[half:]
    assert [(pts + later, data) for pts, data in audio[: len(audio) // 2]] == audio[len(audio) // 2 :]


@pytest.mark.parametrize("key", [KEY, "a/b+c=d", "k?a=1&b=x/y+z==&c=%2F", "p+q", "x=y"])
def test_nginx_gets_keys_byte_for_byte(nginx_server: Nginx, key: str) -> None:
    with Live(Target.parse("tiktok", nginx_server.server, key)) as live:
        assert live.becomes("publishing")
    name, _, query = key.partition("?")
    (said,) = nginx_server.hooks.publishes
    assert unquote(said.split("&name=")[1].split("&")[0]) == name
    assert said.partition("&type=live")[2].removeprefix("&") == query


def test_nginx_refusing_a_key_is_told_and_not_hammered(nginx_server: Nginx) -> None:
    nginx_server.hooks.publish_status = 403
    timings = replace(QUICK, retry_first_s=0.2, retry_refused_s=1.0, retry_max_s=1.0)
    with Live(Target.parse("tiktok", nginx_server.server, KEY), timings) as live:
        assert until(lambda: live.status.needs_key)
        assert live.codes == ["connection-lost", "stream-key-refused"]
        assert len(nginx_server.hooks.publishes) <= 5
        nginx_server.hooks.publish_status = 200
        assert until(lambda: live.status.state == "publishing")
        assert not live.status.needs_key


def test_nginx_not_knowing_the_app_is_told(nginx_server: Nginx) -> None:
    with Live(Target.parse("tiktok", f"rtmp://127.0.0.1:{nginx_server.port}/nowhere", KEY), QUICK) as live:
        assert until(lambda: live.status.needs_key)
        assert live.codes[-1] == "server-address-refused"


def test_nginx_says_that_a_key_is_in_use(nginx_server: Nginx) -> None:
    target = Target.parse("tiktok", nginx_server.server, KEY)
    with ExitStack() as second_ends, Live(target) as first:
        assert first.becomes("publishing")
        second = second_ends.enter_context(Live(target, QUICK))
        assert until(lambda: second.codes == ["stream-key-busy"])
        busy = second.status.problem
        assert busy is not None
        assert "Already publishing" in busy.text
        first.publisher.stop()
        assert until(lambda: second.status.state == "publishing")


def test_nginx_dropping_us_or_dying_costs_a_moment(nginx_server: Nginx) -> None:
    with Live(Target.parse("tiktok", nginx_server.server, "name"), QUICK) as live:
        assert live.becomes("publishing")
        assert until(lambda: live.status.connected_s > QUICK.settled_s)
        live.push(clip().packets)
        nginx_server.drop("name")
        assert until(lambda: live.status.connects == 2)
        assert until(lambda: live.status.connected_s > QUICK.settled_s)
        live.push(clip().packets)
        nginx_server.kill()
        assert until(lambda: "server-refused-connection" in live.codes)
        nginx_server.start()
        assert until(lambda: live.status.connects == 3)


def test_nginx_frozen_is_noticed_and_its_ghost_does_not_bar_us(nginx_server: Nginx) -> None:
    timings = replace(QUICK, stall_s=0.5, connect_s=0.5, commands_s=0.5, drain_s=0.5, closing_s=0.2)
    made = clip(4, kbps=6000)
    with Live(Target.parse("tiktok", nginx_server.server, KEY), timings, made) as live:
        assert live.becomes("publishing")
        assert until(lambda: live.status.connected_s > timings.settled_s)
        nginx_server.freeze(is_frozen=True)
        for number in range(6):
            shift = number * 4_000_000_000
            live.push(replace(packet, pts_ns=packet.pts_ns + shift) for packet in made.packets)
        assert until(lambda: "connection-stalled" in live.codes)
        nginx_server.freeze(is_frozen=False)
        assert until(lambda: live.status.connects == 2)


def test_node_media_server_records_every_frame(
    tmp_path: Path, node_media_server_package: Path, authority: Authority
) -> None:
    made = clip()
    with NodeMediaServer(tmp_path, node_media_server_package, authority.issue()) as server:
        with Live(Target.parse("tiktok", server.server, "key?a=1&b=x/y")) as live:
            assert live.becomes("publishing")
            live.push(made.packets)
        told = server.wait_for("postPublish")
        server.wait_for("closed")
    assert told == {"event": "postPublish", "app": "live", "name": "key", "query": {"a": "1", "b": "x/y"}}
    assert_complete(server.recordings[0], made)


def test_node_media_server_takes_rtmps(tmp_path: Path, node_media_server_package: Path, authority: Authority) -> None:
    made = clip()
    with NodeMediaServer(tmp_path, node_media_server_package, authority.issue()) as server:
        with Live(Target.parse("tiktok", server.tls_server, "key", str(authority.file))) as live:
            assert live.becomes("publishing")
            live.push(made.packets)
        server.wait_for("closed")
    assert_complete(server.recordings[0], made)


def test_node_media_server_closing_on_a_second_publisher_is_a_refusal(
    tmp_path: Path, node_media_server_package: Path, authority: Authority
) -> None:
    with NodeMediaServer(tmp_path, node_media_server_package, authority.issue()) as server:
        target = Target.parse("tiktok", server.server, "key")
        with Live(target, replace(QUICK, settled_s=3)) as first:
            assert first.becomes("publishing")
            with Live(target, replace(QUICK, settled_s=3)) as second:
                assert until(lambda: second.status.needs_key)
                assert second.codes[-1] == "stream-key-refused"
                assert first.status.state == "publishing"
                first.publisher.stop()
                assert until(lambda: second.status.state == "publishing")
