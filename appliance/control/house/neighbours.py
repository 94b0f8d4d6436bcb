"""Whom the box tells of itself in the house: multicast DNS, and MQTT when it is wished for.

It starts both once the panel listens and keeps them going. Neither may ever stop control: what goes wrong in them is
logged and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from appliance import __version__
from appliance.control.house.house_view import HouseView
from appliance.control.house.identity import box_id
from appliance.errors import Unavailable
from appliance.model.config import Config, MqttConfig

log = logging.getLogger(__name__)

AGAIN_S = 60.0


async def tell_neighbours(
    config: Config, told: HouseView, port: Callable[[], Awaitable[int]], own: MqttConfig | None = None
) -> None:
    """Announces the box until cancelled, from when `port` knows where the panel listens.

    `own` is the broker that box.toml names, to which the password belongs.
    """
    number = await port()
    try:
        known = await asyncio.to_thread(box_id, Path(config.state_dir))
    except Unavailable as error:
        log.warning("The box is not announced: %s", error)
        return
    async with asyncio.TaskGroup() as group:
        if config.mdns.enabled:
            group.create_task(_for_ever("the name", lambda: _announce(config, told, known, number)))
        if config.mqtt.enabled:
            group.create_task(_for_ever("MQTT", lambda: _speak_mqtt(config, told, known, own)))


async def _announce(config: Config, told: HouseView, known: str, port: int) -> None:
    from appliance.control.house.mdns import Announcer, Identity, own_addresses

    identity = Identity(name=config.mdns.name, id=known, version=__version__, port=port)
    await Announcer(
        identity,
        told.state,
        lambda: own_addresses(config.panel.listen),
        lambda problem: told.remark("mdns", problem),
    ).run()


async def _speak_mqtt(config: Config, told: HouseView, known: str, own: MqttConfig | None) -> None:
    from appliance.control.house.mqtt import Speaker

    await Speaker(config, known, told, own).run()


async def _for_ever(what: str, run: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await run()
        except Exception:
            log.exception("A fault of its own ended %s; it begins again in a minute.", what)
        await asyncio.sleep(AGAIN_S)
