"""A server in whose certificate no name stands but the common one, from an authority that the box trusts.

No authority has had to check a common name for years, so whoever has any certificate of theirs could be anybody. Every
client of the box must say nothing to it, and tells it what it came to tell once the guard is taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import appliance
from appliance.control.house.mqtt import Speaker
from appliance.control.live.sign_in import SignIn
from appliance.engine.jobs.uplink_test import measure_uplink
from appliance.engine.sinks.rtmp.address import Target
from appliance.errors import Unavailable
from appliance.model.config import Config, MqttConfig, SignInConfig
from appliance.model.plan import UplinkTest
from appliance.system import tls
from tests.control.house.mqtt_box import Box
from tests.engine.jobs.asker import Asker
from tests.engine.sinks.publishing import KEY, PATIENT, Live
from tests.servers.certificates import Authority

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
PASSWORD, CLIENT = "correct-horse-battery", "aw-client-key"


@dataclass
class Impostor:
    """Hears who comes, and hangs up."""

    port: int = 0
    heard: bytearray = field(default_factory=bytearray)
    has_heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            self.heard += await reader.read(65536)
        self.has_heard.set()
        writer.close()


@asynccontextmanager
async def impostor(context: ssl.SSLContext) -> AsyncIterator[Impostor]:
    it = Impostor()
    async with await asyncio.start_server(it.meet, "127.0.0.1", 0, ssl=context) as server:
        it.port = server.sockets[0].getsockname()[1]
        yield it


def secret_in(place: Path, text: str) -> str:
    (place / "secret").write_text(text)
    return str(place / "secret")


async def speak_mqtt(other: Impostor, place: Path) -> str:
    password_file = secret_in(place, PASSWORD)
    mqtt = MqttConfig(
        enabled=True, host="localhost", port=other.port, tls=True, user="box", password_file=password_file
    )
    box = Box()
    speaking = asyncio.create_task(Speaker(Config(mqtt=mqtt), "1", box.told, mqtt, first_wait_s=60).run())
    ends = [asyncio.create_task(one.wait()) for one in (other.has_heard, box.news)]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        return str(box.remarks)
    finally:
        for task in (speaking, *ends):
            task.cancel()
        await asyncio.gather(speaking, *ends, return_exceptions=True)


async def sign_in(other: Impostor, place: Path) -> str:
    config = SignInConfig(
        client_key=CLIENT, client_secret_file=secret_in(place, "secret"), api_url=f"https://localhost:{other.port}"
    )
    with pytest.raises(Unavailable) as caught:
        await SignIn(config, place, lambda _: None, lambda: 0.0).start()
    return str(caught.value)


async def measure(other: Impostor, _: Path) -> str:
    with pytest.raises(Unavailable) as caught:
        await asyncio.to_thread(
            measure_uplink, UplinkTest(url=f"https://localhost:{other.port}/", seconds=1), Asker("test")
        )
    return str(caught.value)


async def publish(other: Impostor, _: Path) -> str:
    def until_it_waits() -> str:
        with Live(Target.parse("tiktok", f"rtmps://localhost:{other.port}/live", KEY), PATIENT) as live:
            assert live.becomes("waiting")
            return live.words

    return await asyncio.to_thread(until_it_waits)


@GUARD
@pytest.mark.parametrize(
    ("come", "tells"),
    [(speak_mqtt, PASSWORD), (sign_in, CLIENT), (measure, "POST / HTTP/1.1"), (publish, "\3")],
    ids=["mqtt", "sign-in", "uplink-test", "rtmps"],
)
async def test_a_common_name_alone_is_told_nothing(
    place: Path,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    come: Callable[[Impostor, Path], Awaitable[str]],
    tells: str,
    is_guarded: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    if not is_guarded:
        ignored = property(lambda _: True, lambda _context, _value: None)
        monkeypatch.setattr(tls.BoundedContext, "hostname_checks_common_name", ignored)

    context = authority.issue("", common_name="localhost").context()
    async with asyncio.timeout(30), impostor(context) as other:
        said = await come(other, place)
        assert (tells.encode() in other.heard) is not is_guarded
        assert bool(other.heard) is not is_guarded
        assert PASSWORD not in said


def test_no_other_room_makes_up_whom_to_trust() -> None:
    """The doctor asks the box's own address, whose certificate is its own."""
    tree = Path(appliance.__file__).parent
    ways = (
        "create_default_context",
        "_create_unverified_context",
        "ssl.SSLContext(",
        "PROTOCOL_TLS_CLIENT",
        "urlopen(",
    )
    found = {str(file.relative_to(tree)) for file in tree.rglob("*.py") if any(way in file.read_text() for way in ways)}
    assert found == {"system/tls.py", "control/cli/doctor.py"}
