"""Commands over the real port in every state of the live: what they answer, and what the engine is then told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from appliance.model.plan import Plan
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport
from tests.control.whole_control import KEY, PASTE, SERVER, Box, box, place
from tests.fakes.engine import FakeEngine, fake_engine

__all__ = ["place"]


def refusing(plan: Plan) -> tuple[DestinationReport, ...]:
    problem = Problem(code="stream-key-refused", text="TikTok refused the key.")
    return tuple(
        DestinationReport(name=d.name, session=d.session, state="refused", problem=problem) for d in plan.destinations
    )


def connecting(plan: Plan) -> tuple[DestinationReport, ...]:
    return tuple(DestinationReport(name=d.name, session=d.session, state="connecting") for d in plan.destinations)


async def off(it: Box, engine: FakeEngine) -> None:
    await it.until(lambda s: s["engine"]["connected"])


async def practicing(it: Box, engine: FakeEngine) -> None:
    assert (await it.do({"do": "go-live", "practice": True}))[0] == 200
    await engine.until(lambda p: p.keep_encoding)


async def trying(it: Box, engine: FakeEngine) -> None:
    engine.react = connecting
    await it.do(PASTE)
    assert (await it.do({"do": "go-live"}))[0] == 200


async def on_air(it: Box, engine: FakeEngine) -> None:
    await it.do(PASTE)
    assert (await it.do({"do": "go-live"}))[0] == 200
    await it.until(lambda s: s["live"]["type"] == "on-air")


async def refused(it: Box, engine: FakeEngine) -> None:
    engine.react = refusing
    await it.do(PASTE)
    assert (await it.do({"do": "go-live"}))[0] == 200
    await it.until(lambda s: s["live"]["type"] == "needs-key")


async def ending(it: Box, engine: FakeEngine) -> None:
    await on_air(it, engine)
    assert (await it.do({"do": "end-live", "undo-s": 10}))[0] == 200


SITUATIONS: dict[str, Callable[[Box, FakeEngine], Awaitable[None]]] = {
    "off": off, "practicing": practicing, "connecting": trying, "on-air": on_air, "needs-key": refused,
    "ending": ending,
}  # fmt: skip

# What each command answers in each of the situations above, in their order, and the live that follows.
TABLE: dict[str, tuple[dict[str, Any], tuple[tuple[int, str], ...]]] = {
    "go-live": ({"do": "go-live"}, (
        (424, "off"), (424, "practicing"), (200, "connecting"), (200, "on-air"), (200, "needs-key"), (200, "on-air"),
    )),
    "practice": ({"do": "go-live", "practice": True}, (
        (200, "practicing"), (200, "practicing"), (409, "connecting"), (409, "on-air"), (409, "needs-key"),
        (409, "ending"),
    )),
    "end-live": ({"do": "end-live"}, (
        (200, "off"), (200, "off"), (200, "off"), (200, "off"), (200, "off"), (200, "off"),
    )),
    "end-live-with-undo": ({"do": "end-live", "undo-s": 10}, (
        (200, "off"), (200, "off"), (200, "ending"), (200, "ending"), (200, "ending"), (200, "ending"),
    )),
    "undo-end": ({"do": "undo-end"}, (
        (409, "off"), (409, "practicing"), (409, "connecting"), (409, "on-air"), (409, "needs-key"), (200, "on-air"),
    )),
    "forget-key": ({"do": "forget-key", "destination": "tiktok"}, (
        (200, "off"), (200, "practicing"), (409, "connecting"), (409, "on-air"), (409, "needs-key"), (409, "ending"),
    )),
    "uplink-test": ({"do": "uplink-test"}, (
        (200, "off"), (200, "practicing"), (409, "connecting"), (409, "on-air"), (409, "needs-key"), (409, "ending"),
    )),
    "set-look": ({"do": "set-look", "look": "fill"}, (
        (200, "off"), (200, "practicing"), (200, "connecting"), (200, "on-air"), (200, "needs-key"), (200, "ending"),
    )),
    "privacy": ({"do": "privacy", "on": True}, (
        (200, "off"), (200, "practicing"), (200, "connecting"), (200, "on-air"), (200, "needs-key"), (200, "ending"),
    )),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_a_command_has_its_answer_in_every_state(place: Any, name: str, situation: str) -> None:
    command, expected = TABLE[name]
    status, live = expected[list(SITUATIONS).index(situation)]

    async with fake_engine(place) as engine, box(place) as it:
        await SITUATIONS[situation](it, engine)
        answered, body = await it.do(command)
        assert (answered, "code" in body) == (status, status != 200)
        await it.until(lambda s: s["live"]["type"] == live)


async def test_an_end_can_be_taken_back_and_the_stream_never_stopped(place: Any) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await ending(it, engine)
        state = await it.until(lambda s: s["live"]["type"] == "ending")
        assert 0 < state["live"]["ends-at"] - state["live"]["since-at"] <= 10
        assert (await it.do({"do": "undo-end"}))[0] == 200
        await it.until(lambda s: s["live"]["type"] == "on-air")
        live = [len(p.destinations) for p in engine.plans]
        assert live == sorted(live)
        assert len({d.session for p in engine.plans for d in p.destinations}) == 1


async def test_an_end_comes_by_itself(place: Any) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await on_air(it, engine)
        assert (await it.do({"do": "end-live", "undo-s": 1}))[0] == 200
        await engine.until(lambda p: p.destinations == ())
        await it.until(lambda s: s["live"]["type"] == "off")


async def test_a_restart_within_the_undo_keeps_the_promise(place: Any) -> None:
    async with fake_engine(place) as engine:
        async with box(place) as it:
            await ending(it, engine)
        kept = json.loads((place / "state" / "run.json").read_text())
        async with box(place) as it:
            state = await it.until(lambda s: s["engine"]["connected"])
            assert state["live"]["type"] == "ending"
            assert state["live"]["ends-at"] == kept["ends-at"]
            await engine.until(lambda p: len(p.destinations) == 1)
        (place / "state" / "run.json").write_text(json.dumps({**kept, "ends-at": kept["seen-at"] - 1}))
        async with box(place) as it:
            await it.until(lambda s: s["live"]["type"] == "off")
            assert engine.plans[-1].destinations == ()
            assert not json.loads((place / "state" / "run.json").read_text())["wanted"]


async def test_practice_runs_the_encoder_and_publishes_nothing(place: Any) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await practicing(it, engine)
        await it.do(PASTE)
        assert all(p.destinations == () for p in engine.plans)
        assert (await it.do({"do": "go-live"}))[0] == 200
        plan = await engine.until(lambda p: bool(p.destinations))
        assert not plan.keep_encoding
        await it.do({"do": "end-live"})
        await it.until(lambda s: s["live"]["type"] == "off")


async def test_covers_and_mutes_reach_the_engine_and_survive_a_restart(place: Any) -> None:
    async with fake_engine(place) as engine:
        async with box(place) as it:
            await on_air(it, engine)
            await it.do({"do": "brb", "on": True})
            await engine.until(lambda p: p.picture.cover == "brb")
            await it.do({"do": "privacy", "on": True})
            await engine.until(lambda p: p.picture.cover == "privacy")
            await it.do({"do": "mute", "source": "mic", "on": True})
            await engine.until(lambda p: p.sound.muted == ("mic",))
        async with box(place) as it:
            state = await it.until(lambda s: s["engine"]["connected"])
            assert (state["cover"], state["audio"]["muted"]) == ("privacy", ["mic"])
            await it.do({"do": "privacy", "on": False})
            await engine.until(lambda p: p.picture.cover == "brb")
            await it.do({"do": "end-live"})
            state = await it.until(lambda s: s["live"]["type"] == "off")
            assert (state["cover"], state["audio"]["muted"]) == ("", ["mic"])


async def test_gain_and_look_are_settings_in_use_at_once(place: Any) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        assert (await it.do({"do": "set-gain", "source": "mic", "db": -6}))[0] == 200
        assert (await it.do({"do": "set-look", "look": "split"}))[0] == 200
        plan = await engine.until(lambda p: p.picture.look == "split")
        assert plan.sound.gains_db == {"game": 0.0, "mic": -6.0}
        assert (await it.do({"do": "set-gain", "source": "mic", "db": 21}))[0] == 422
        state = await it.until(lambda s: s["look"] == "split")
        assert (state["canvas"]["width"], state["canvas"]["height"]) == (720, 1280)


async def test_destinations_are_added_changed_and_removed(place: Any) -> None:
    async with fake_engine(place), box(place) as it:
        add = {"do": "set-destination", "name": "twitch", "server": "rtmp://live.example/app"}
        assert (await it.do(add))[0] == 200
        await it.do({"do": "paste-key", "text": "live_1234567890abcdef", "destination": "twitch"})
        state = await it.until(lambda s: len(s["destinations"]) == 2)
        twitch = next(d for d in state["destinations"] if d["name"] == "twitch")
        assert (twitch["preset"], twitch["host"], twitch["key-last4"]) == ("twitch", "live.example", "cdef")
        await it.do({"do": "set-destination", "name": "twitch", "enabled": False})
        state = await it.until(lambda s: not all(d["enabled"] for d in s["destinations"]))
        assert (await it.do({"do": "remove-destination", "name": "twitch"}))[0] == 200
        await it.until(lambda s: [d["name"] for d in s["destinations"]] == ["tiktok"])
        assert "live_123" not in "".join(p.read_text() for p in (place / "state").rglob("*.json"))
        assert (await it.do({"do": "remove-destination", "name": "twitch"}))[0] == 422
        assert (await it.do({"do": "remove-destination", "name": "tiktok"}))[0] == 409
        status, body = await it.do({"do": "set-destination", "name": "a b"})
        assert (status, body["code"]) == (422, "setting")
        status, body = await it.do({**add, "server": f"{SERVER}/{KEY}"})
        assert (status, body["code"]) == (422, "setting")
        assert "sign=" not in json.dumps(body)


async def test_what_needs_the_engine_says_so_without_one(place: Any) -> None:
    async with box(place) as it:
        for command in (
            {"do": "uplink-test"},
            {"do": "clip"},
            {"do": "export-recordings", "names": ["a"], "disk": "b"},
        ):
            status, body = await it.do(command)
            assert (status, body["code"]) == (503, "engine-not-running")
