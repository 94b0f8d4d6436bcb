"""A preflight reaches as far as a publish would, and publishes nothing."""

from __future__ import annotations

import time

import pytest

from appliance.engine.sinks.rtmp.connection import Timings
from tests.engine.sinks.publishing import KEY, Asked, black_hole, closed_port
from tests.fakes.rtmp_server import Behaviour, RtmpServer, Trick
from tests.servers.certificates import Authority
from tests.servers.nginx import Nginx

QUICK = Timings(connect_s=0.3, commands_s=0.3)


def test_a_good_server_is_reached_and_never_sees_the_key() -> None:
    with RtmpServer() as server:
        asked = Asked(f"rtmp://127.0.0.1:{server.port}/live").asked()
        assert asked.error is None
        assert asked.facts["destination"] == "tiktok"
        assert 0 <= int(asked.facts["connected-ms"]) <= int(asked.facts["answered-ms"])
        (received,) = server.received
        assert server.wait_for(lambda: received.has_ended)
        assert received.names() == ["connect"]
        assert KEY not in repr(received)


@pytest.mark.parametrize(
    ("trick", "code"),
    [
        (Trick.SILENT, "server-silent"),
        (Trick.SILENT_AFTER_HANDSHAKE, "server-silent"),
        (Trick.GARBAGE, "server-not-rtmp"),
        (Trick.HTTP, "server-not-rtmp"),
        (Trick.CLOSE_AT_ONCE, "server-not-rtmp"),
        (Trick.CLOSE_AT_CONNECT, "server-address-refused"),
        (Trick.REJECT_CONNECT, "server-address-refused"),
    ],
)
def test_what_is_wrong_is_named(trick: Trick, code: str) -> None:
    with RtmpServer() as server:
        server.usual = Behaviour(trick, "no such application")
        timings = Timings(commands_s=0.3) if code == "server-silent" else None
        asked = Asked(f"rtmp://127.0.0.1:{server.port}/live", timings=timings).asked()
    assert asked.error is not None
    assert asked.error.code == code
    assert "we " not in str(asked.error), "it does not keep trying"
    assert KEY not in repr((str(asked.error), asked.error.facts))


def test_ports_that_refuse_or_swallow_are_named() -> None:
    with closed_port() as port:
        refused = Asked(f"rtmp://127.0.0.1:{port}/live").asked().error
    with black_hole() as port:
        swallowed = Asked(f"rtmp://127.0.0.1:{port}/live", timings=QUICK).asked().error
    assert refused is not None
    assert swallowed is not None
    assert (refused.code, swallowed.code) == ("server-refused-connection", "server-unreachable")


def test_a_certificate_from_the_future_means_the_clock(authority: Authority) -> None:
    context = authority.issue(dates=("21000101", "21000201")).context()
    with RtmpServer(tls=context) as server:
        error = Asked(f"rtmps://localhost:{server.port}/live", str(authority.file)).asked().error
    assert error is not None
    assert error.code == "clock-wrong"


def test_nginx_is_reached_and_publishes_nothing(nginx_server: Nginx, authority: Authority) -> None:
    for server, ca_file in ((nginx_server.server, ""), (nginx_server.tls_server, str(authority.file))):
        asked = Asked(server, ca_file).asked()
        assert asked.error is None
        assert asked.facts
    assert nginx_server.hooks.publishes == []


def test_one_that_is_stopped_ends_at_once() -> None:
    with RtmpServer() as server:
        server.usual = Behaviour(Trick.SILENT)
        asked = Asked(f"rtmp://127.0.0.1:{server.port}/live")
        asked.start()
        assert server.wait_for(lambda: bool(server.received))
        began = time.monotonic()
        asked.stop()
        assert asked.join(5)
        assert time.monotonic() - began < 2
    assert (asked.facts, asked.failure) == ({}, None)


def test_a_way_that_may_lose_large_packets_is_tried_with_small_ones() -> None:
    with RtmpServer() as server:
        server.next(Behaviour(Trick.SILENT))
        asked = Asked(f"rtmp://127.0.0.1:{server.port}/live", timings=Timings(first_answer_s=0.2)).asked()
    assert asked.error is None
    assert "answered-ms" in asked.facts
    assert server.received[1].segment <= 1200
