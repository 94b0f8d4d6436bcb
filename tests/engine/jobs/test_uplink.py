"""The uplink test against real web servers, fast, slow, rude and absent: it measures, it ends, and it says why not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from appliance.engine.jobs.uplink_test import Deadlines, Rules, measure_uplink
from appliance.errors import Fact, Invalid, PlugcastError, Refused, Unavailable
from appliance.model.plan import UplinkTest
from tests.engine.jobs.asker import Asker
from tests.engine.sinks.publishing import black_hole, closed_port
from tests.servers.certificates import Authority, Certificate

QUICK = Deadlines(connect_s=1, tls_s=1, answer_s=1)


class Site(ThreadingHTTPServer):
    """A web server that takes uploads: as fast as it can, or at most `kbps`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate: Certificate | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.kbps = 0
        self.status = 200
        self.refuses_early = False
        self.keeps_open = True
        self.uploads: list[int] = []
        self.connections = 0
        self.scheme = "http"
        if certificate is not None:
            self.scheme = "https"
            self.socket = certificate.context().wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up in the middle is what these tests do."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.server_address[1]}/up?x=1"


class Taker(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Site

    def setup(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        site, left, began = self.server, int(self.headers["Content-Length"]), time.monotonic()
        taken = 0
        if site.refuses_early:
            left = 0
            self.close_connection = True
        while left > 0:
            data = self.rfile.read1(min(left, 16_384))
            if not data:
                return
            left -= len(data)
            taken += len(data)
            while site.kbps and taken * 8 / 1000 > site.kbps * (time.monotonic() - began):
                threading.Event().wait(0.005)
        site.uploads.append(taken)
        self.send_response(site.status)
        self.send_header("Content-Length", "2")
        if not site.keeps_open:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def serving(certificate: Certificate | None = None) -> Iterator[Site]:
    with Site(certificate) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def measure(url: str, seconds: int = 1, rules: Rules | None = None) -> dict[str, Fact]:
    return measure_uplink(UplinkTest(url=url, seconds=seconds), Asker("test"), rules or Rules(deadlines=QUICK))


def failure(call: Callable[[], object]) -> PlugcastError:
    began = time.monotonic()
    with pytest.raises(PlugcastError) as caught:
        call()
    assert time.monotonic() - began < 5
    return caught.value


@pytest.mark.parametrize("kbps", [pytest.param(2000, marks=pytest.mark.long), 8000])
def test_it_finds_what_a_line_carries(kbps: int) -> None:
    with serving() as site:
        site.kbps = kbps
        found = measure(site.url, 3)
    assert isinstance(found["kbps"], int)
    assert kbps * 0.75 < found["kbps"] < kbps * 1.35
    assert 0 <= float(found["latency-ms"]) < 500
    assert 2.5 < float(found["seconds"]) < 5
    assert found["limited"] is False


@pytest.mark.parametrize("keeps_open", [True, False])
def test_a_fast_line_costs_no_memory_and_one_connection_where_the_server_keeps_it(*, keeps_open: bool) -> None:
    with serving() as site:
        site.keeps_open = keeps_open
        tracemalloc.start()
        try:
            found = measure(site.url, 2)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert float(found["kbps"]) > 20_000
        assert max(site.uploads) > 1_000_000
        assert (site.connections == 1) == keeps_open
    assert peak < 1_000_000


def test_over_tls_only_to_a_server_that_proves_who_it_is(authority: Authority, tmp_path: Path) -> None:
    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(authority.file))

    with serving(authority.issue()) as site:
        found = measure(site.url, 1, Rules(deadlines=QUICK, trust=trusting))
        assert float(found["kbps"]) > 1000
        assert len(site.uploads) > 2, "what TLS itself has to say is no answer"
        error = failure(lambda: measure(site.url))
        assert (error.code, error.facts["stage"]) == ("uplink-failed", "tls")
        assert "certificate" in str(error)
    with serving(authority.issue("DNS:other.example")) as site:
        error = failure(lambda: measure(site.url, 1, Rules(deadlines=QUICK, trust=trusting)))
        assert error.facts["stage"] == "tls"


def test_a_server_that_does_not_want_it_is_told_plainly() -> None:
    with serving() as site:
        site.status = 404
        error = failure(lambda: measure(site.url))
        assert (error.code, error.facts["stage"], error.facts["why"]) == ("uplink-failed", "answer", "it answered 404")
        site.status, site.refuses_early = 413, True
        error = failure(lambda: measure(site.url))
        assert error.facts["stage"] in ("answer", "send"), "it may hang up before it is heard"
        site.status, site.refuses_early = 302, False
        assert failure(lambda: measure(site.url)).facts["why"] == "it answered 302"


@pytest.mark.parametrize(
    "said", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"x" * 20_000, b"\0" * 20_000]
)
def test_a_server_that_is_none_is_an_answer_too(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(said)
                over.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        error = failure(lambda: measure(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        over.set()
        thread.join()
    assert error.code == "uplink-failed"
    assert error.facts["stage"] in ("answer", "send")


def test_a_server_that_drips_its_answer_is_waited_for_no_longer_than_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            caller, _ = listener.accept()
            with caller, contextlib.suppress(OSError):
                caller.recv(65536)
                while not over.wait(0.01):
                    caller.sendall(b"x")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        error = failure(lambda: measure(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        over.set()
        thread.join()
    assert error.facts["stage"] in ("answer", "send")


def test_a_network_that_is_not_there_says_which_step_failed() -> None:
    with closed_port() as port:
        error = failure(lambda: measure(f"http://127.0.0.1:{port}/"))
        assert (error.facts["stage"], error.facts["why"]) == ("connect", "Connection refused")
    with black_hole() as port:
        error = failure(lambda: measure(f"http://127.0.0.1:{port}/"))
        assert (error.facts["stage"], error.facts["why"]) == ("connect", "no answer")
    error = failure(lambda: measure("https://nowhere.invalid/"))
    assert isinstance(error, Unavailable)
    assert error.facts["stage"] == "name"


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a/", "https://", "https://me:secret@host/", "http://a:0/", "http://a:x/", "http://a b/", "http://[::1/",
     "http://a/\r\nX: y", "https://ä.example/", "http://a/" + "x" * 3000],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        measure(url)
    assert caught.value.code == "uplink-address"
    assert "secret" not in str(caught.value)


def test_beside_a_live_it_takes_what_is_left_and_ends_when_nothing_is() -> None:
    allowed = [600]
    with serving() as site:
        found = measure(site.url, 2, Rules(lambda: allowed[0], QUICK))
        assert found["limited"] is True
        assert 400 < float(found["kbps"]) < 800
        assert float(found["sent-bytes"]) < 600 * 1000 / 8 * 2 * 1.2
        turns = iter([600] * 6 + [0] * 1000)
        began = time.monotonic()
        found = measure(site.url, 10, Rules(lambda: next(turns), QUICK))
        assert time.monotonic() - began < 4
        assert found["limited"] is True
        seen = site.connections
        with pytest.raises(Refused) as caught:
            measure(site.url, 2, Rules(lambda: 0, QUICK))
        assert caught.value.code == "uplink-busy"
        assert site.connections == seen


def test_it_stops_at_once_when_nobody_asks_any_more() -> None:
    tester = Asker("test")
    with serving() as site:
        site.kbps = 500
        threading.Timer(0.3, tester.stop).start()
        began = time.monotonic()
        assert measure_uplink(UplinkTest(url=site.url, seconds=20), tester, Rules(deadlines=QUICK)) == {}
        assert time.monotonic() - began < 3
