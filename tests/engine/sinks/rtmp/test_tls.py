"""RTMPS: what is trusted is published to, what is not is named, and no key leaves before that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from tests.engine.sinks.media import clip
from tests.engine.sinks.publishing import KEY, PATIENT, Live, assert_complete, until
from tests.fakes.rtmp_server import Behaviour, RtmpServer, Trick
from tests.servers.certificates import Authority, Certificate
from tests.servers.nginx import Nginx

QUICK = replace(PATIENT, retry_first_s=0.05, retry_max_s=0.1, retry_portal_s=0.1)


def test_nginx_takes_rtmps_to_the_last_frame(nginx_server: Nginx, authority: Authority) -> None:
    with Live(Target.parse("tiktok", nginx_server.tls_server, KEY, str(authority.file))) as live:
        assert live.becomes("publishing")
        live.push(clip().packets)
    assert_complete(nginx_server.recording(), clip())


def test_nginx_unknown_to_the_system_is_refused(nginx_server: Nginx) -> None:
    with Live(Target.parse("tiktok", nginx_server.tls_server, KEY)) as live:
        assert live.becomes("waiting")
    assert live.codes == ["certificate-untrusted"]
    assert nginx_server.hooks.publishes == []


def expired(authority: Authority) -> Certificate:
    return authority.issue(dates=("20200101", "20200201"))


def not_yet_valid(authority: Authority) -> Certificate:
    return authority.issue(dates=("21000101", "21000201"))


def misnamed(authority: Authority) -> Certificate:
    return authority.issue("DNS:other.example")


def without_alternative_names(authority: Authority) -> Certificate:
    return authority.issue("", common_name="localhost")


def self_signed(authority: Authority) -> Certificate:
    return authority.self_signed()


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (self_signed, "certificate-untrusted", "self-signed certificate"),
        (misnamed, "certificate-name", "not for localhost"),
        (without_alternative_names, "certificate-name", "not for localhost"),
        (expired, "certificate-expired", "has expired"),
        (not_yet_valid, "clock-wrong", "clock of this box"),
    ],
)
def test_certificates_that_prove_nothing_are_named_and_tried_again(
    authority: Authority, make: object, code: str, words: str
) -> None:
    """A portal shows them until somebody has logged in."""
    assert callable(make)
    context = make(authority).context()
    with RtmpServer(tls=context) as server:
        aim = Target.parse("tiktok", f"rtmps://localhost:{server.port}/live", KEY, str(authority.file))
        with Live(aim, QUICK) as live:
            assert until(lambda: live.status.attempts > 3)
            problem = next(status.problem for status in live.told if status.problem)
            assert (problem.code, live.codes, live.status.needs_key) == (code, [code], False)
            assert words in problem.text
            assert KEY not in live.words
            assert all(received.commands == [] for received in server.received)
            right = authority.issue()
            context.load_cert_chain(right.certificate, right.key)
            assert until(lambda: live.status.state == "publishing")


@pytest.mark.parametrize("make", [self_signed, misnamed, expired])
def test_a_portal_is_named_and_waited_for_by_seconds(authority: Authority, make: object) -> None:
    assert callable(make)
    with RtmpServer(tls=make(authority).context()) as server:
        aim = Target.parse("tiktok", f"rtmps://localhost:{server.port}/live", KEY, str(authority.file))
        with Live(aim, replace(Timings(), retry_first_s=100.0)) as live:
            assert live.becomes("waiting")
            told = live.status
            assert told.problem is not None
            assert "log in" in told.problem.text
            assert 0 < told.retry_in_s <= 5
            live.publisher.retry_now()
            assert until(lambda: len(server.received) == 2)


def test_an_address_in_the_certificate_is_enough(authority: Authority) -> None:
    with RtmpServer(tls=authority.issue().context()) as server:
        aim = Target.parse("tiktok", f"rtmps://127.0.0.1:{server.port}/live", KEY, str(authority.file))
        with Live(aim) as live:
            assert live.becomes("publishing")


def test_everything_pushed_arrives_and_the_end_is_clean(authority: Authority) -> None:
    made = clip()
    with RtmpServer(tls=authority.issue().context()) as server:
        aim = Target.parse("tiktok", f"rtmps://localhost:{server.port}/live", KEY, str(authority.file))
        with Live(aim) as live:
            assert live.becomes("publishing")
            live.push(made.packets)
        (received,) = server.received
        assert received.has_ended
        assert not received.was_reset
        assert len(received.media(9)) == len(made.video)
        assert received.names()[-1] == "deleteStream"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(Behaviour(Trick.SILENT), "server-silent"), (Behaviour(Trick.SILENT_AFTER_HANDSHAKE), "server-silent")],
)
def test_silence_is_bounded(authority: Authority, behaviour: Behaviour, code: str) -> None:
    with RtmpServer(tls=authority.issue().context()) as server:
        server.next(behaviour)
        aim = Target.parse("tiktok", f"rtmps://localhost:{server.port}/live", KEY, str(authority.file))
        with Live(aim, replace(QUICK, commands_s=1.0)) as live:
            assert until(lambda: live.codes == [code])
            assert until(lambda: live.status.state == "publishing")


def test_a_server_without_tls_is_named(authority: Authority) -> None:
    with RtmpServer() as server:
        server.usual = Behaviour(Trick.HTTP)
        aim = Target.parse("tiktok", f"rtmps://localhost:{server.port}/live", KEY, str(authority.file))
        with Live(aim, QUICK) as live:
            assert live.becomes("waiting")
    assert live.codes == ["tls-failed"]


def test_a_certificate_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with RtmpServer() as server:
        aim = Target.parse("tiktok", f"rtmps://localhost:{server.port}/live", KEY, str(tmp_path / "ca.pem"))
        with Live(aim, QUICK) as live:
            assert live.becomes("waiting")
    assert live.codes == ["ca-file-wrong"]
