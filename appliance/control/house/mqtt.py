"""MQTT for a home or venue system: tells the state, takes a few commands, appears in Home Assistant by itself.

It connects for ever, waiting longer after each failure, and asks the Director like any phone. It never sends anything
but what `home_assistant` makes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
import ssl
from pathlib import Path

import aiomqtt

from appliance.control.house.home_assistant import (
    BIRTH,
    MOMENTS,
    OFFLINE,
    ONLINE,
    Topics,
    discovery,
    error_payload,
    moment_payload,
    state_payload,
)
from appliance.control.house.house_view import HouseView
from appliance.errors import PlugcastError, Refused
from appliance.model.command import Command, CoverForBreak, EndLive, GoLive, MakeClip
from appliance.model.config import Config, MqttConfig
from appliance.model.problem import Problem
from appliance.model.state import State
from appliance.system.tls import trusting

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
SETTLED_S = 30.0
"""A connection that held so long was a good one: after it the waiting begins anew."""
TOLD_EVERY_S = 1.0
WITHIN_S = 10.0
KEEPALIVE_S = 20
GOODBYE_WITHIN_S = 3.0
MOST_ORDERS = 8
_LONGEST_PASSWORD = 4096

type Moments = dict[str, tuple[float, bytes]]


class Speaker:
    """Speaks with one broker until cancelled. `own` is the broker of box.toml, the only one that gets the password."""

    def __init__(
        self,
        config: Config,
        box_id: str,
        told: HouseView,
        own: MqttConfig | None = None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._config = config
        self._own = own or MqttConfig()
        self._told = told
        self._topics = Topics(config.mqtt.prefix, box_id)
        self._first_wait_s = first_wait_s
        self._orders: set[asyncio.Task[None]] = set()
        self._said = ""

    async def run(self) -> None:
        """Connects, speaks, and connects again."""
        loop = asyncio.get_running_loop()
        wait_s = self._first_wait_s
        while True:
            began = loop.time()
            try:
                await self._speak_once()
            except* (aiomqtt.MqttError, OSError, TimeoutError) as group:
                self._told.remark("mqtt", self._trouble(_first(group)))
            except* Refused as group:
                self._told.remark("mqtt", self._refused(_first(group)))
            if loop.time() - began > SETTLED_S:
                wait_s = self._first_wait_s
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - many boxes shall not come at once
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _speak_once(self) -> None:
        """In a task of its own: the library may swallow that it is called off, and we must end all the same."""
        speaking = asyncio.create_task(self._speak())
        try:
            await asyncio.wait({speaking})
        except asyncio.CancelledError:
            speaking.cancel()
            await asyncio.wait({speaking}, timeout=GOODBYE_WITHIN_S)
            if speaking.done() and not speaking.cancelled() and (error := speaking.exception()):
                log.debug("MQTT ended with: %s", error)
            raise
        speaking.result()

    async def _speak(self) -> None:
        mqtt, topics = self._config.mqtt, self._topics
        password, context = await asyncio.to_thread(self._secrets)
        client = aiomqtt.Client(
            mqtt.host or "localhost",
            mqtt.port,
            username=mqtt.user or None,
            password=password,
            identifier=f"plugcast-{topics.id}",
            will=aiomqtt.Will(topics.available, OFFLINE, qos=1, retain=True),
            tls_context=context,
            timeout=WITHIN_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=64,
        )
        async with client:
            try:
                said = moments(self._told.state.value)
                await client.subscribe([(topics.order("+"), 1), (BIRTH, 1)])
                await self._introduce(client)
                log.info("Connected to the MQTT broker %s.", mqtt.host or "localhost")
                self._told.remark("mqtt", None)
                self._said = ""
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._tell_state(client))
                    group.create_task(self._tell_moments(client, said))
                    group.create_task(self._listen(client))
            except asyncio.CancelledError:
                # We go by our own wish: the broker sends no will then.
                with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                    async with asyncio.timeout(1.0):
                        await client.publish(topics.available, OFFLINE, qos=1, retain=True)
                raise
            finally:
                for order in self._orders:
                    order.cancel()

    async def _introduce(self, client: aiomqtt.Client) -> None:
        """Everything that somebody new must know."""
        for topic, payload in discovery(self._topics, self._told.state.value.name or "Plugcast").items():
            await client.publish(topic, payload, qos=1, retain=True)
        await client.publish(self._topics.error, error_payload(), qos=1, retain=True)
        await client.publish(self._topics.state, state_payload(self._told.state.value), qos=1, retain=True)
        await client.publish(self._topics.available, ONLINE, qos=1, retain=True)

    async def _tell_state(self, client: aiomqtt.Client) -> None:
        said = b""
        async for state in self._told.state.changes():
            payload = state_payload(state)
            if payload != said:
                said = payload
                await client.publish(self._topics.state, payload, qos=1, retain=True)
                await asyncio.sleep(TOLD_EVERY_S)

    async def _tell_moments(self, client: aiomqtt.Client, said: Moments) -> None:
        """Each gift and follow, at most one of each a second; not kept by the broker: a lamp flashes once for it."""
        async for state in self._told.state.changes():
            # When the newest is hidden, the one before is no news.
            new = {kind: one for kind, one in moments(state).items() if one != said[kind] and one[0] >= said[kind][0]}
            for kind, (_, payload) in new.items():
                await client.publish(self._topics.moment(kind), payload, qos=1)
            said |= new
            if new:
                await asyncio.sleep(TOLD_EVERY_S)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if str(message.topic) == BIRTH:
                if payload == ONLINE.encode():
                    log.info("Home Assistant has started; the box introduces itself again.")
                    await self._introduce(client)
            elif message.retain:
                # An order that lies about from last week is none.
                log.warning("An order kept by the MQTT broker was ignored. Orders must not be retained.")
            elif len(self._orders) < MOST_ORDERS:
                name = str(message.topic).rpartition("/")[2]
                order = asyncio.create_task(self._carry_out(client, name, payload))
                self._orders.add(order)
                order.add_done_callback(self._orders.discard)

    async def _carry_out(self, client: aiomqtt.Client, name: str, payload: bytes) -> None:
        command = command_for(name, payload)
        if command is None:
            answer = error_payload("command", "This order is not understood.")
        else:
            try:
                await self._told.do(command)
                answer = error_payload()
            except PlugcastError as error:
                answer = error_payload(error.code, str(error))
        try:
            await client.publish(self._topics.error, answer, qos=1, retain=True)
        except aiomqtt.MqttError:
            log.info("The answer to an order was lost with the connection.")

    def _secrets(self) -> tuple[str | None, ssl.SSLContext | None]:
        """The password and what TLS needs, read afresh each time. Raises `OSError`, `Refused`. Blocks on the disk."""
        mqtt, own = self._config.mqtt, self._own
        password = None
        if mqtt.password_file:
            if not is_same_broker(own, mqtt):
                raise Refused(
                    "mqtt-password",
                    f"The MQTT password belongs to {_shown(own)} and is not sent to {_shown(mqtt)}. Name that broker "
                    "in box.toml, beside the file of its password.",
                    host=_shown(own), new=_shown(mqtt),
                )  # fmt: skip
            with Path(mqtt.password_file).open("rb") as stream:
                password = stream.readline(_LONGEST_PASSWORD).decode(errors="replace").rstrip("\r\n")
        context = trusting(mqtt.ca_file) if mqtt.tls else None
        return password, context

    def _trouble(self, error: BaseException) -> Problem:
        """Why we are not connected, told once."""
        host = self._config.mqtt.host or "localhost"
        reason = str(error).rstrip(".") or type(error).__name__
        problem = Problem(
            code="mqtt-away",
            text=f"The MQTT broker {host} cannot be reached: {reason}. The box goes on trying; look at its settings.",
            facts={"host": host, "reason": reason},
        )
        return self._once(reason, problem)

    def _refused(self, error: BaseException) -> Problem:
        """Why we do not even try."""
        assert isinstance(error, Refused)  # noqa: S101 - what was caught
        return self._once(error.code, Problem(code=error.code, text=str(error), facts=error.facts))

    def _once(self, reason: str, problem: Problem) -> Problem:
        if reason != self._said:
            self._said = reason
            log.warning("%s", problem.text)
        return problem


def moments(state: State) -> Moments:
    """The newest of each kind that is told at once."""
    return {kind: moment_payload(state, kind) for kind, _, _ in MOMENTS}


def is_same_broker(own: MqttConfig, mqtt: MqttConfig) -> bool:
    """Whether a password for `own` may be sent there: never to another, and never in clear what was for TLS."""
    return (own.host, own.port) == (mqtt.host, mqtt.port) and mqtt.tls >= own.tls


def _shown(mqtt: MqttConfig) -> str:
    return f"{mqtt.host or 'localhost'}:{mqtt.port}{'' if mqtt.tls else ' without TLS'}"


def command_for(name: str, payload: bytes) -> Command | None:
    """The command that an order means; None when it is not understood."""
    word = payload.strip().upper()
    match name:
        case "start":
            return GoLive()
        case "stop":
            return EndLive()
        case "clip":
            seconds = int(word) if re.fullmatch(rb"[0-9]{1,4}", word) else 30
            return MakeClip(seconds=seconds) if 1 <= seconds <= 600 else None
        case "back-soon" if word in {b"ON", b"OFF"}:
            return CoverForBreak(on=word == b"ON")
    return None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
