"""MQTT with a real mosquitto; the one at the other end does what Home Assistant does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest

from appliance.control.house import mqtt
from appliance.control.house.home_assistant import Topics, discovery, error_payload, moment_payload, state_payload
from appliance.control.house.identity import box_id
from appliance.control.house.mqtt import Speaker, command_for
from appliance.model.command import Command, CoverForBreak, EndLive, GoLive, MakeClip
from appliance.model.config import Config, MqttConfig
from appliance.model.state import ChatState, OnAir, State
from appliance.model.state.chat import ChatMessage, ChatUser, GiftCard
from appliance.system.latest import Latest
from tests.control.house.mqtt_box import ID, STATE, Box
from tests.control.whole_control import box, run
from tests.fakes.engine import fake_engine
from tests.servers.certificates import Authority
from tests.servers.mosquitto import MOSQUITTO, Mosquitto

pytestmark = pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")

BASE = f"plugcast/{ID}"
PASSWORD = "correct-horse-battery"


class Home:
    """The other end: keeps the newest payload of every topic."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.newest: dict[str, str] = {}
        self.times: dict[str, int] = {}
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            async with self._news:
                topic = str(message.topic)
                self.newest[topic] = message.payload.decode()
                self.times[topic] = self.times.get(topic, 0) + 1
                self._news.notify_all()

    async def until(self, topic: str, wanted: Callable[[str], bool]) -> str:
        async with self._news:
            await self._news.wait_for(lambda: topic in self.newest and wanted(self.newest[topic]))
        return self.newest[topic]

    async def json(self, topic: str, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        return json.loads(await self.until(topic, lambda text: bool(wanted(json.loads(text)))))


@asynccontextmanager
async def home(broker: Mosquitto, **more: Any) -> AsyncIterator[Home]:
    async with aiomqtt.Client("127.0.0.1", broker.port, **more) as client:
        it = Home(client)
        await client.subscribe("#", qos=1)
        task = asyncio.create_task(it.listen())
        try:
            yield it
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def speaking(broker: Mosquitto, box: Box, **more: Any) -> AsyncIterator[asyncio.Task[None]]:
    config = Config(mqtt=MqttConfig(**{"enabled": True, "host": "127.0.0.1", "port": broker.port, **more}))
    task = asyncio.create_task(Speaker(config, ID, box.told, config.mqtt, first_wait_s=0.01).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(name="broker")
def running_broker(tmp_path: Path) -> Any:
    with Mosquitto(tmp_path) as it:
        yield it


@pytest.fixture(name="place")
def short_place() -> Iterator[Path]:
    """The names of sockets are limited."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


async def test_the_box_appears_and_its_state_follows(broker: Mosquitto) -> None:
    box = Box()
    async with home(broker) as it, speaking(broker, box):
        await it.until(f"{BASE}/available", lambda text: text == "online")
        expected = {
            "state": "off", "health": "good", "cause": "", "temperature-c": 58, "kbps": 3300, "viewers": None,
            "back-soon": "OFF",
        }  # fmt: skip
        assert await it.json(f"{BASE}/state") == expected
        for topic, payload in discovery(Topics("plugcast", ID), "living-room").items():
            assert it.newest[topic] == payload.decode()
        box.state.set(msgspec.structs.replace(STATE, live=OnAir(), cover="brb"))
        newest = await it.json(f"{BASE}/state", lambda said: said["state"] == "on-air")
        assert newest["back-soon"] == "ON"
        assert box.remarks == [None]


def viewers(*cards: ChatMessage) -> State:
    return msgspec.structs.replace(STATE, chat=ChatState(messages=cards))


def rose(count: int, id_: str = "tiktok:1") -> ChatMessage:
    return ChatMessage(
        id=id_, platform="tiktok", at=1.0, kind="gift", user=ChatUser(id="tiktok:m", name="Maya"),
        gift=GiftCard(name="Rose", count=count, coins=count),
    )  # fmt: skip


async def test_a_gift_and_a_follow_are_told_once_and_kept_by_nobody(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "TOLD_EVERY_S", 0.0)
    follow = msgspec.structs.replace(rose(1, "tiktok:2"), kind="follow", gift=None, user=ChatUser(id="l", name="Leo"))
    old = msgspec.structs.replace(rose(9, "tiktok:0"), at=0.5)
    hidden = msgspec.structs.replace(rose(7, "tiktok:3"), hidden="viewer")
    box = Box(state=Latest(viewers(old)))
    async with home(broker) as it, speaking(broker, box):
        await it.until(f"{BASE}/available", lambda text: text == "online")
        await it.json(f"{BASE}/state")
        box.state.set(viewers(old, rose(2), follow, hidden))
        gift = await it.json(f"{BASE}/gift")
        assert gift == {
            "id": "tiktok:1", "text": "Maya: 2 × Rose", "name": "Maya", "platform": "tiktok", "gift": "Rose",
            "count": 2, "coins": 2,
        }  # fmt: skip
        assert (await it.json(f"{BASE}/follow"))["text"] == "Leo"
        # The newest is hidden: the one before it is no news.
        another = msgspec.structs.replace(follow, id="tiktok:4", user=ChatUser(id="z", name="Zoe"))
        box.state.set(viewers(old, msgspec.structs.replace(rose(2), hidden="message"), follow, another))
        await it.json(f"{BASE}/follow", lambda said: said["text"] == "Zoe")
        assert it.times[f"{BASE}/gift"] == 1
        async with home(broker) as later:
            await later.json(f"{BASE}/state")
            assert not {f"{BASE}/gift", f"{BASE}/follow"} & later.newest.keys()


def test_what_was_hidden_brings_back_nothing() -> None:
    """The gift before the newest is older than what was told."""
    old, new = msgspec.structs.replace(rose(9, "tiktok:0"), at=0.5), rose(2)
    gone = msgspec.structs.replace(new, hidden="message")
    at, payload = moment_payload(viewers(old, new), "gift")
    before, earlier = moment_payload(viewers(old, gone), "gift")
    assert (before < at, b"2 \xc3\x97 Rose" in payload, b"9 \xc3\x97 Rose" in earlier) == (True, True, True)
    assert moment_payload(viewers(gone), "gift") == moment_payload(STATE, "follow") == (0.0, b"")


def test_every_discovery_message_leads_somewhere() -> None:
    topics = Topics("plugcast", ID)
    state = json.loads(state_payload(STATE))
    messages = discovery(topics, "living-room")
    kinds = sorted(topic.split("/")[1] for topic in messages)
    assert kinds == ["button"] * 3 + ["sensor"] * 8 + ["switch"]
    assert len({json.loads(payload)["unique_id"] for payload in messages.values()}) == len(messages)
    for topic, payload in messages.items():
        said = json.loads(payload)
        assert topic.endswith("/config")
        assert said["availability_topic"] == f"{BASE}/available"
        assert said["device"]["identifiers"] == [f"plugcast-{ID}"]
        if said.get("state_topic") == topics.state:
            field_name = said["value_template"].split("'")[1]
            assert field_name in state
            assert state[field_name] in said.get("options", [state[field_name]])
        if "command_topic" in said:
            order = said["command_topic"].removeprefix(f"{BASE}/do/")
            payloads = [said[key] for key in ("payload_press", "payload_on", "payload_off") if key in said]
            assert all(command_for(order, word.encode()) is not None for word in payloads)


@pytest.mark.parametrize(
    ("name", "payload", "command"),
    [
        ("start", b"PRESS", GoLive()),
        ("stop", b"PRESS", EndLive()),
        ("clip", b"PRESS", MakeClip(seconds=30)),
        ("clip", b"60", MakeClip(seconds=60)),
        ("back-soon", b"ON", CoverForBreak(on=True)),
        ("back-soon", b"off", CoverForBreak(on=False)),
    ],
)
async def test_orders(broker: Mosquitto, name: str, payload: bytes, command: Command) -> None:
    box = Box()
    async with home(broker) as it, speaking(broker, box):
        await it.until(f"{BASE}/available", lambda text: text == "online")
        before = it.times[f"{BASE}/error"]
        await it.client.publish(f"{BASE}/do/{name}", payload, qos=1)
        await it.until(f"{BASE}/error", lambda _: it.times[f"{BASE}/error"] > before)
        assert it.newest[f"{BASE}/error"] == error_payload().decode()
        assert box.asked == [command]


@pytest.mark.parametrize(
    ("name", "payload"),
    [("clip", b"0"), ("clip", b"601"), ("clip", b"9999"), ("back-soon", b"maybe"), ("reboot", b"1"), ("", b"PRESS")],
)
def test_orders_that_are_none(name: str, payload: bytes) -> None:
    assert command_for(name, payload) is None


async def test_what_is_refused_is_said(broker: Mosquitto) -> None:
    box = Box(refuse=True)
    async with home(broker) as it, speaking(broker, box):
        await it.until(f"{BASE}/available", lambda text: text == "online")
        await it.client.publish(f"{BASE}/do/start", b"PRESS", qos=1)
        said = await it.json(f"{BASE}/error", lambda error: error["code"])
        assert said == {"code": "needs-key", "text": "There is no stream key for TikTok yet."}
        await it.client.publish(f"{BASE}/do/nonsense", b"PRESS", qos=1)
        assert (await it.json(f"{BASE}/error", lambda error: error["code"] == "command"))["text"]
        box.refuse = False
        await it.client.publish(f"{BASE}/do/stop", b"PRESS", qos=1)
        await it.json(f"{BASE}/error", lambda error: not error["code"])


def test_an_order_that_was_kept_is_not_carried_out(broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        box = Box()
        async with home(broker) as it:
            await it.client.publish(f"{BASE}/do/start", b"PRESS", qos=1, retain=True)
            await it.until(f"{BASE}/do/start", lambda text: text == "PRESS")
            async with speaking(broker, box):
                await it.until(f"{BASE}/available", lambda text: text == "online")
                await it.client.publish(f"{BASE}/do/stop", b"PRESS", qos=1)
                before = it.times[f"{BASE}/error"]
                await it.until(f"{BASE}/error", lambda _: it.times[f"{BASE}/error"] > before)
        assert box.asked == [EndLive()]

    caplog.set_level(logging.WARNING)
    run(test)
    assert "kept by the MQTT broker" in caplog.text


async def test_home_assistants_birth_is_answered(broker: Mosquitto) -> None:
    async with home(broker) as it, speaking(broker, Box()):
        await it.until(f"{BASE}/available", lambda text: text == "online")
        topic = f"homeassistant/sensor/plugcast-{ID}/state/config"
        before = it.times[topic]
        await it.client.publish("homeassistant/status", "offline", qos=1)
        await it.client.publish("homeassistant/status", "online", qos=1)
        await it.until(topic, lambda _: it.times[topic] > before)
        assert it.times[topic] == before + 1


async def test_the_will_and_the_goodbye(broker: Mosquitto) -> None:
    async with home(broker) as it:
        async with speaking(broker, Box()):
            await it.until(f"{BASE}/available", lambda text: text == "online")
        await it.until(f"{BASE}/available", lambda text: text == "offline")
        before = it.times[f"{BASE}/available"]
        async with cable(broker) as (port, cut), speaking(broker, Box(), port=port):
            await it.until(f"{BASE}/available", lambda text: text == "online")
            cut()
            await it.until(f"{BASE}/available", lambda text: text == "offline")
            assert it.times[f"{BASE}/available"] == before + 2


@asynccontextmanager
async def cable(broker: Mosquitto) -> AsyncIterator[tuple[int, Callable[[], None]]]:
    """A way to the broker that can be cut, for good and without a goodbye."""
    writers: list[asyncio.StreamWriter] = []
    tasks: list[asyncio.Task[None]] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", broker.port)
        except ConnectionError:
            writer.transport.abort()
            return
        writers.extend((writer, far_writer))
        tasks.extend(asyncio.create_task(carry(*ends)) for ends in ((reader, far_writer), (far_reader, writer)))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)

    def cut() -> None:
        server.close()
        for writer in writers:
            writer.transport.abort()

    try:
        yield server.sockets[0].getsockname()[1], cut
    finally:
        cut()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_broker_that_goes_and_comes(broker: Mosquitto) -> None:
    box = Box()
    async with speaking(broker, box) as task:
        await box.remarked(lambda problem: problem is None)
        await asyncio.to_thread(broker.stop)
        problem = await box.remarked(lambda problem: problem is not None)
        assert problem is not None
        assert problem.code == "mqtt-away"
        await asyncio.to_thread(broker.start)
        await box.remarked(lambda problem: problem is None)
        async with home(broker) as it:
            await it.until(f"{BASE}/available", lambda text: text == "online")
        assert not task.done()


def test_user_password_and_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    authority = Authority(tmp_path)
    password, wrong = tmp_path / "password", tmp_path / "wrong"
    password.write_text(f"{PASSWORD}\n")
    wrong.write_text("something-else\n")
    certificate = authority.issue("IP:127.0.0.1")
    secure = {"tls": True, "ca_file": str(authority.file), "user": "box"}

    async def test() -> None:
        box = Box()
        async with speaking(broker, box, password_file=str(wrong), **secure):
            problem = await box.remarked(lambda problem: problem is not None)
            assert "something-else" not in str(problem)
        box = Box()
        async with speaking(broker, box, password_file=str(tmp_path / "none"), **secure):
            await box.remarked(lambda problem: problem is not None and "No such file" in problem.text)
        box = Box()
        trusts_nobody_here = {**secure, "ca_file": ""}
        async with speaking(broker, box, password_file=str(password), **trusts_nobody_here):
            await box.remarked(lambda problem: problem is not None and "certificate" in problem.text.lower())
        box = Box()
        async with speaking(broker, box, password_file=str(password), **secure):
            await box.remarked(lambda problem: problem is None)
            context = aiomqtt.TLSParameters(ca_certs=str(authority.file))
            async with home(broker, username="box", password=PASSWORD, tls_params=context) as it:
                await it.until(f"{BASE}/available", lambda text: text == "online")
                everything = "".join(it.newest.values())
                assert PASSWORD not in everything
                assert "abcd" not in everything

    with Mosquitto(tmp_path, user="box", password=PASSWORD, certificate=certificate) as broker:
        caplog.set_level(logging.DEBUG)
        run(test)
    gc.collect()
    assert PASSWORD not in caplog.text
    assert "something-else" not in caplog.text


def test_no_payload_has_a_key_or_host() -> None:
    said = state_payload(STATE) + b"".join(discovery(Topics("plugcast", ID), STATE.name).values())
    assert b"abcd" not in said
    assert b"h.example" not in said
    assert len(error_payload("x", "y" * 1000)) < 300


async def test_a_whole_box_over_mqtt(broker: Mosquitto, place: Path) -> None:
    mqtt = f'[mqtt]\nenabled = true\nhost = "127.0.0.1"\nport = {broker.port}\n'
    (place / "state").mkdir()
    base = f"plugcast/{box_id(place / 'state')}"
    async with fake_engine(place), home(broker) as it, box(place, mqtt) as running:
        await running.until(lambda s: s["engine"]["connected"] and s["encoder"]["name"] == "libx264")
        await it.until(f"{base}/available", lambda text: text == "online")
        await it.client.publish(f"{base}/do/start", b"PRESS", qos=1)
        assert (await it.json(f"{base}/error", lambda error: error["code"]))["code"] == "needs-key"
        await running.do({"do": "paste-key", "text": "rtmp://ingest.example/game key-0123456789"})
        await it.client.publish(f"{base}/do/start", b"PRESS", qos=1)
        await it.json(f"{base}/state", lambda said: said["state"] == "on-air" and said["kbps"] == 3400)
        await it.client.publish(f"{base}/do/back-soon", b"ON", qos=1)
        await running.until(lambda s: s["cover"] == "brb")
        await it.client.publish(f"{base}/do/stop", b"PRESS", qos=1)
        await it.json(f"{base}/state", lambda said: said["state"] == "off")
        assert "key-0123456789" not in "".join(it.newest.values())
    # Its goodbye is the last that is heard.
    async with home(broker) as it:
        await it.until(f"{base}/available", lambda text: text == "offline")
