"""What Home Assistant is told, so that the box appears there by itself: discovery messages, and the state. Pure.

Every payload is made of the few fields named here; nothing else of the State can get into one.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from appliance import __version__
from appliance.control.house.live_word import live_word
from appliance.model.state import State

type Json = dict[str, "str | int | float | bool | list[str] | Json | None"]

BIRTH = "homeassistant/status"
ONLINE, OFFLINE = "online", "offline"
LONGEST_STATE = 255
"""Home Assistant takes no longer text as a state."""

MOMENTS = (("gift", "Last gift", "mdi:gift"), ("follow", "Last follow", "mdi:account-plus"))
"""What happens among the viewers and is told at once: its kind, its name in Home Assistant, its icon."""
_STATES = ["off", "preparing", "practicing", "connecting", "on-air", "reconnecting", "needs-key", "ending"]
_VERDICTS = ["good", "fair", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Topics:
    """Where the box speaks and listens: everything below `PREFIX/ID`."""

    prefix: str
    id: str

    @property
    def base(self) -> str:
        """What every topic of this box begins with."""
        return f"{self.prefix}/{self.id}"

    @property
    def available(self) -> str:
        """`online` while we are, `offline` by the broker's hand when we are not."""
        return f"{self.base}/available"

    @property
    def state(self) -> str:
        """The state as JSON."""
        return f"{self.base}/state"

    @property
    def error(self) -> str:
        """How the newest command failed as JSON, with an empty text when it did not."""
        return f"{self.base}/error"

    def moment(self, kind: str) -> str:
        """Where the newest `gift` or `follow` is told as JSON, once."""
        return f"{self.base}/{kind}"

    def order(self, name: str) -> str:
        """Where a command is given: `start`, `stop`, `clip`, `back-soon`."""
        return f"{self.base}/do/{name}"


def state_payload(state: State) -> bytes:
    """What the sensors show. `viewers` is null until there is a chat that tells."""
    kbps = sum(destination.kbps for destination in state.destinations if destination.state == "publishing")
    degrees = state.health.temperature_c
    return msgspec.json.encode(
        {
            "state": live_word(state),
            "health": state.health.verdict,
            "cause": state.health.cause,
            "temperature-c": None if degrees is None else round(degrees),
            "kbps": kbps,
            "viewers": state.chat.viewers,
            "back-soon": "ON" if state.cover == "brb" else "OFF",
        }
    )


def moment_payload(state: State, kind: str) -> tuple[float, bytes]:
    """The newest `gift` or `follow` that everybody may see, and when it was; empty when there is none."""
    card = next((one for one in reversed(state.chat.messages) if one.kind == kind and not one.hidden), None)
    if card is None:
        return 0.0, b""
    name, gift = card.user.name, card.gift
    return card.at, msgspec.json.encode(
        {
            "id": card.id,
            "text": (f"{name}: {gift.count} × {gift.name}" if gift else name)[:LONGEST_STATE],
            "name": name,
            "platform": card.platform,
            "gift": gift.name if gift else "",
            "count": gift.count if gift else 1,
            "coins": gift.coins if gift else 0,
        }
    )


def error_payload(code: str = "", text: str = "") -> bytes:
    """How a command failed; without arguments, that it did not."""
    return msgspec.json.encode({"code": code, "text": text[:LONGEST_STATE]})


def discovery(topics: Topics, name: str) -> dict[str, bytes]:
    """The retained messages that make the box appear, by topic. `name` is what people call it."""
    device: Json = {
        "identifiers": [f"plugcast-{topics.id}"],
        "name": name,
        "manufacturer": "Plugcast",
        "model": "Plugcast",
        "sw_version": __version__,
    }
    common: Json = {
        "availability_topic": topics.available,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "device": device,
        "origin": {"name": "plugcast", "sw_version": __version__},
    }
    found: dict[str, bytes] = {}
    for component, key, more in (*_sensors(topics), *_controls(topics)):
        unique: Json = {"unique_id": f"plugcast-{topics.id}-{key}", "object_id": f"plugcast_{topics.id}_{key}"}
        found[f"homeassistant/{component}/plugcast-{topics.id}/{key}/config"] = msgspec.json.encode(
            {**common, **unique, **more}
        )
    return found


def _sensors(topics: Topics) -> list[tuple[str, str, Json]]:
    def shown(name: str, field: str, **more: str | list[str]) -> Json:
        template = "{{ value_json['" + field + "'] }}"
        return {"name": name, "state_topic": topics.state, "value_template": template, **more}

    def moment(name: str, kind: str, icon: str) -> Json:
        # The same again is news, too: a lamp shall flash for every rose.
        return {
            "name": name, "state_topic": topics.moment(kind), "value_template": "{{ value_json.text }}",
            "json_attributes_topic": topics.moment(kind), "force_update": True, "icon": icon,
        }  # fmt: skip

    error: Json = {
        "name": "Last error", "state_topic": topics.error, "value_template": "{{ value_json.text }}",
        "json_attributes_topic": topics.error, "entity_category": "diagnostic", "icon": "mdi:alert-circle-outline",
    }  # fmt: skip
    return [
        ("sensor", "state", shown("State", "state", device_class="enum", options=_STATES, icon="mdi:broadcast")),
        ("sensor", "health", shown("Health", "health", device_class="enum", options=_VERDICTS, icon="mdi:heart-pulse")),
        ("sensor", "temperature", shown(
            "Temperature", "temperature-c", device_class="temperature", unit_of_measurement="°C",
            state_class="measurement",
        )),
        ("sensor", "kbps", shown(
            "Rate", "kbps", device_class="data_rate", unit_of_measurement="kbit/s", state_class="measurement",
        )),
        ("sensor", "viewers", shown("Viewers", "viewers", state_class="measurement", icon="mdi:account-group")),
        *(("sensor", f"last-{kind}", moment(name, kind, icon)) for kind, name, icon in MOMENTS),
        ("sensor", "error", error),
    ]  # fmt: skip


def _controls(topics: Topics) -> list[tuple[str, str, Json]]:
    def button(name: str, order: str, icon: str) -> Json:
        return {"name": name, "command_topic": topics.order(order), "payload_press": "PRESS", "icon": icon}

    back_soon: Json = {
        "name": "Back soon", "command_topic": topics.order("back-soon"), "state_topic": topics.state,
        "value_template": "{{ value_json['back-soon'] }}", "payload_on": "ON", "payload_off": "OFF",
        "icon": "mdi:coffee",
    }  # fmt: skip
    return [
        ("button", "start", button("Go live", "start", "mdi:play")),
        ("button", "stop", button("End the live", "stop", "mdi:stop")),
        ("button", "clip", button("Clip", "clip", "mdi:content-cut")),
        ("switch", "back-soon", back_soon),
    ]
