"""Servers that send publishers on: where a key may follow, and where it never goes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.route import MAX_HOPS, Route
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Stage
from tests.engine.sinks.media import clip
from tests.engine.sinks.publishing import KEY, QUICK, Asked, Live, problem, target, until
from tests.fakes.rtmp_server import GOOD, Behaviour, RtmpServer, Trick
from tests.servers.certificates import Authority


def to(address: str, at: str = "connect") -> Behaviour:
    """A server that sends every publisher there."""
    return Behaviour(Trick.REDIRECT, address, at)


def followed(server: str, *addresses: str) -> str:
    """The last address that a key would be sent to when servers send us on so, or why it would not."""
    route = Route(Target.parse("tiktok", server, KEY))
    aims = iter(route)
    aim = next(aims)
    for address in addresses:
        error = route.follow(aim, ServerRefusedError(Stage.CONNECT, "NetConnection.Connect.Rejected", "", address))
        if error:
            assert (error.code, next(aims, None)) == ("server-redirects", None)
            assert KEY not in str(error)
            return str(error.facts["reason"])
        aim = next(aims)
    return aim.address.tc_url


@pytest.mark.parametrize(
    ("server", "address", "outcome"),
    [
        ("rtmp://127.0.0.1:1/live", "rtmp://127.0.0.1:2/other?token=1", "rtmp://127.0.0.1:2/other?token=1"),
        ("rtmp://127.0.0.1:1/live", "rtmp://[::1]:2/live", "rtmp://[::1]:2/live"),
        ("rtmp://192.168.1.4/live", "rtmp://10.0.0.9/live", "rtmp://10.0.0.9/live"),
        ("rtmp://[fd00::1]/live", "rtmp://[fe80::2]/live", "rtmp://[fe80::2]/live"),
        ("rtmp://nas.local/live", "rtmp://192.168.1.4/live", "rtmp://192.168.1.4/live"),
        ("rtmp://live.example.com/live", "rtmp://edge-7.example.com/live", "rtmp://edge-7.example.com/live"),
        ("rtmp://example.com/live", "rtmp://edge.example.com/live", "rtmp://edge.example.com/live"),
        ("rtmp://live.example.com/live", "rtmps://cdn.example.net/live", "rtmps://cdn.example.net/live"),
        ("rtmps://live.example.com/live", "rtmps://cdn.example.net/live", "rtmps://cdn.example.net/live"),
        ("rtmp://live.example.com/live", f"rtmp://live.example.com:99/x/{KEY}", "rtmp://live.example.com:99/x"),
        ("rtmps://live.example.com/live", "rtmp://live.example.com/live", "encryption"),
        ("rtmps://127.0.0.1/live", "rtmp://127.0.0.1/live", "encryption"),
        ("rtmp://live.example.com/live", "rtmp://evil.example/live", "host"),
        ("rtmp://live.example.com/live", "rtmp://badexample.com/live", "host"),
        ("rtmp://live.example.com/live", "rtmp://203.0.113.7/live", "host"),
        ("rtmp://1.2.3.4/live", "rtmp://9.2.3.4/live", "host"),
        ("rtmp://example.co.uk/live", "rtmp://evil.co.uk/live", "host"),
        ("rtmp://live.example.com/live", "rtmp://evil.com/live", "host"),
        ("rtmp://192.168.1.4/live", "rtmp://evil.example/live", "host"),
        ("rtmp://live.example.com/live", "http://live.example.com/live", "address"),
        ("rtmp://live.example.com/live", "live.example.com", "address"),
        ("rtmp://live.example.com/live", "rtmp://user@live.example.com/live", "address"),
    ],
)
def test_where_a_key_may_follow(server: str, address: str, outcome: str) -> None:
    assert followed(server, address) == outcome


def test_once_encrypted_always_encrypted() -> None:
    assert followed("rtmp://a.example.com/x", "rtmps://b.example.com/x", "rtmp://a.example.com/x") == "encryption"


def test_the_owners_host_decides_not_the_last_ones() -> None:
    """Or a key would wander to a wider and wider domain."""
    assert followed("rtmp://a.b.example.com/x", "rtmp://b.example.com/x", "rtmp://c.example.com/x") == "host"


def test_a_few_hops_are_followed_and_no_more() -> None:
    hops = [f"rtmp://edge-{number}.example.com/live" for number in range(MAX_HOPS + 1)]
    assert followed("rtmp://live.example.com/live", *hops[:MAX_HOPS]) == hops[MAX_HOPS - 1]
    assert followed("rtmp://live.example.com/live", *hops) == "loop"


@pytest.mark.parametrize("at", ["connect", "publish"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_stream_goes_where_the_server_sends_it(host: str, at: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    with RtmpServer() as first, RtmpServer(host) as second, RtmpServer(host) as third:
        first.usual = to(f"rtmp://{shown}:{second.port}/live", at)
        second.usual = to(f"rtmp://{shown}:{third.port}/other", at)
        with Live(target(first), QUICK) as live:
            assert live.becomes("publishing")
            live.push(clip().packets)
            assert third.wait_for(lambda: len(third.received[0].media(9)) > 3)
            assert (third.received[0].stream_name, live.status.attempts, live.codes) == (KEY, 0, [])
            assert third.received[0].named("connect")[2] != first.received[0].named("connect")[2]
            third.next(GOOD)
            third.hang_up()
            assert until(lambda: live.status.connects == 2)
        assert len(first.received) == 2, "every attempt begins at the owner's server"


def test_a_key_for_an_encrypted_server_never_goes_to_an_open_one(authority: Authority) -> None:
    context = authority.issue().context()
    with RtmpServer(tls=context) as first, RtmpServer(tls=context) as second, RtmpServer() as third:
        first.usual = to(f"rtmps://localhost:{second.port}/live")
        second.usual = to(f"rtmp://localhost:{third.port}/live")
        aim = Target.parse("tiktok", f"rtmps://localhost:{first.port}/live", KEY, str(authority.file))
        with Live(aim, QUICK) as live:
            assert until(lambda: live.codes == ["server-redirects"])
            assert "not encrypted" in problem(live).text
            assert f"rtmp://localhost:{third.port}/live" in problem(live).text
            assert not live.status.needs_key
            second.usual = GOOD
            assert until(lambda: live.status.state == "publishing"), "it is tried again"
        assert third.received == []


def test_the_certificate_is_of_the_server_that_takes_the_stream(authority: Authority) -> None:
    wrong = authority.issue("DNS:other.example").context()
    with RtmpServer() as first, RtmpServer(tls=wrong) as second:
        first.usual = to(f"rtmps://localhost:{second.port}/live")
        aim = Target.parse("tiktok", f"rtmp://127.0.0.1:{first.port}/live", KEY, str(authority.file))
        with Live(aim, QUICK) as live:
            assert until(lambda: live.codes == ["certificate-name"])
            assert problem(live).facts["host"] == "localhost"
        assert all(received.commands == [] for received in second.received)


def test_servers_that_send_us_in_a_circle_are_told_and_not_hammered() -> None:
    with RtmpServer() as server:
        server.usual = to(f"rtmp://127.0.0.1:{server.port}/live")
        with Live(target(server), replace(QUICK, retry_first_s=100.0, retry_max_s=100.0)) as live:
            assert live.becomes("waiting")
            assert problem(live).facts["reason"] == "loop"
            assert len(server.received) == MAX_HOPS + 1


def test_a_secret_in_the_address_is_not_shown() -> None:
    with RtmpServer() as server:
        server.usual = to("rtmp://edge.example.com/live?token=very-secret")
        with Live(target(server), QUICK) as live:
            assert until(lambda: bool(live.codes))
        assert "edge.example.com" in live.words
        assert "very-secret" not in live.words


def test_a_preflight_follows_too() -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(RtmpServer()) for _ in range(2))
        first.usual = to(f"rtmp://127.0.0.1:{second.port}/live")
        asked = Asked(f"rtmp://127.0.0.1:{first.port}/live").asked()
        assert (asked.error, len(second.received)) == (None, 1)
        assert "connected-ms" in asked.facts
        second.usual = to("rtmp://evil.example/live")
        refused = Asked(f"rtmp://127.0.0.1:{first.port}/live").asked().error
        assert refused is not None
        assert (refused.code, refused.facts["to"]) == ("server-redirects", "rtmp://evil.example/live")
