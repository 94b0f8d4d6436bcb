"""Control as a whole, over its real HTTP port and the engine's real socket; only the engine is a fake."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.model.plan import Plan
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport
from appliance.model.signal import Cause, Signal
from tests.control.whole_control import KEY, SERVER, box, place
from tests.fakes.engine import HEALTHY, JPEG, fake_engine

__all__ = ["place"]


def refusing(plan: Plan) -> tuple[DestinationReport, ...]:
    """An engine whose server refuses, and which goes on trying."""
    refusal = Problem(code="stream-key-refused", text="No.")
    return tuple(
        DestinationReport(name=d.name, session=d.session, state="waiting", needs_key=True, problem=refusal)
        for d in plan.destinations
    )


async def test_state_has_the_fields_of_the_contract(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        state = await it.until(lambda s: s["engine"]["connected"])
        assert state["schema-version"] == 1
        assert state["live"] == {"type": "off"}
        assert state["signal"]["state"] == "picture"
        assert state["signal"]["mode"] == "1920x1080@60"
        assert state["encoder"]["name"] == "libx264"
        assert state["encoder"]["target-kbps"] == 3400
        assert state["audio"]["levels-db"] == [-12.0, -14.0]
        assert state["chat"]["status"] == "off"
        assert [d["name"] for d in state["destinations"]] == ["tiktok"]
        assert state["health"]["verdict"] == "good"
        assert [row["name"] for row in state["readiness"]] == ["game", "sound", "tiktok", "internet"]
        assert {"alerts", "recordings", "record", "problems", "update"} <= set(state)


async def test_the_profile_reaches_the_plan(place: Path) -> None:
    async with fake_engine(place) as engine, box(place):
        plan = await engine.until(lambda p: p.capture.edid != "")
        assert plan.encoder.order == ("h264_v4l2m2m", "libx264")


async def test_go_live_needs_a_key_and_a_server(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        status, body = await it.do({"do": "go-live"})
        assert (status, body["code"], body["facts"]) == (424, "needs-key", {"destination": "tiktok"})
        assert (await it.do({"do": "paste-key", "text": KEY}))[0] == 200
        status, body = await it.do({"do": "go-live"})
        assert (status, body["code"]) == (424, "needs-server")


async def test_paste_go_live_and_end(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        status, body = await it.do({"do": "paste-key", "text": f"Server: {SERVER}/\nKey: {KEY}"})
        assert status == 200
        took = {"ok": True, "took-server": True, "took-key": True, "host": "ingest.example", "last4": "+c=="}
        assert took.items() <= body.items()
        assert (body["expires-at"], body["expired"]) == (0x6AB2C0B9, time.time() > 0x6AB2C0B9)
        assert (await it.do({"do": "go-live", "title": "hello"}))[0] == 200
        plan = await engine.until(lambda p: len(p.destinations) == 1)
        assert (plan.destinations[0].server, plan.destinations[0].key) == (SERVER, KEY)
        state = await it.until(lambda s: s["live"]["type"] == "on-air")
        assert state["title"] == "hello"
        assert state["destinations"][0]["state"] == "publishing"
        assert (await it.do({"do": "go-live"}))[0] == 200
        assert (await it.do({"do": "end-live"}))[0] == 200
        await engine.until(lambda p: p.destinations == ())
        await it.until(lambda s: s["live"]["type"] == "off")
        assert (await it.do({"do": "end-live"}))[0] == 200
        assert [len(p.destinations) for p in engine.plans].count(1) == 1


async def test_the_key_is_nowhere_but_in_its_private_file(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async with fake_engine(place), box(place) as it:
        await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
        await it.do({"do": "go-live"})
        state = await it.until(lambda s: s["live"]["type"] == "on-air")
        assert state["destinations"][0]["key-last4"] == "+c=="
        assert state["destinations"][0]["key-expires-at"] == 0x6AB2C0B9
        texts = [json.dumps(state), caplog.text, str(await it.do({"do": "paste-key", "text": f"{KEY} {KEY}x"}))]
        assert not any("sign=" in text or "stream-42" in text for text in texts)
        for file in (place / "state").rglob("*"):
            private = stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600)
            assert private or file.is_dir(), file
            if file.is_file() and b"sign=" in file.read_bytes():
                assert file.parent.name in {"keys", "pasted"}
                assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_a_key_file_is_used_and_its_lack_is_said(place: Path) -> None:
    key_file = place / "key"
    text = f'[destination.tiktok]\nserver = "{SERVER}"\nkey-file = "{key_file}"'
    async with fake_engine(place) as engine, box(place, text) as it:
        status, body = await it.do({"do": "go-live"})
        assert (status, body["code"]) == (424, "key-file")
        state = await it.until(lambda s: s["engine"]["connected"])
        assert "key-file" in {problem["code"] for problem in state["problems"]}
        key_file.write_text(f"\n{KEY}\n")
        assert (await it.do({"do": "go-live"}))[0] == 200
        plan = await engine.until(lambda p: bool(p.destinations))
        assert plan.destinations[0].key == KEY


async def test_a_refusal_needs_a_key_and_a_new_one_goes_live(place: Path) -> None:
    refusal = Problem(code="key-refused", text="TikTok refused the key.")

    def refusing(plan: Plan) -> tuple[DestinationReport, ...]:
        return tuple(
            DestinationReport(
                name=d.name, session=d.session, state="refused" if d.key == KEY else "publishing", problem=refusal
            )
            for d in plan.destinations
        )

    async with fake_engine(place) as engine, box(place) as it:
        engine.react = refusing
        await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
        await it.do({"do": "go-live"})
        state = await it.until(lambda s: s["live"]["type"] == "needs-key")
        assert state["live"]["problem"]["code"] == "key-refused"
        first = engine.plans[-1].destinations[0].session
        await it.do({"do": "go-live"})
        plan = await engine.until(lambda p: bool(p.destinations) and p.destinations[0].session > first)
        await it.do({"do": "paste-key", "text": f"{KEY}new"})
        await it.until(lambda s: s["live"]["type"] == "on-air")
        assert engine.plans[-1].destinations[0].session > plan.destinations[0].session


async def test_a_restart_of_control_states_the_same_plan(place: Path) -> None:
    key_file = place / "key"
    key_file.write_text(KEY)
    text = f'[destination.tiktok]\nserver = "{SERVER}"\nkey-file = "{key_file}"'
    async with fake_engine(place) as engine:
        async with box(place, text) as it:
            await it.do({"do": "go-live"})
            before = (await it.until(lambda s: s["live"]["type"] == "on-air"))["live"]["since-at"]
            await it.until(lambda _: json.loads((place / "state/run.json").read_text())["on-air-at"] > 0)
        plan = engine.plans[-1]
        key_file.write_text("another")
        engine.plans.clear()
        async with box(place) as it:
            state = await it.until(lambda s: s["live"]["type"] == "on-air")
            assert state["live"]["since-at"] == before
        assert plan.destinations
        assert all(p.destinations == plan.destinations for p in engine.plans)


async def test_the_engine_may_come_and_go(place: Path) -> None:
    async with box(place) as it:
        state = await it.until(lambda _: True)
        assert state["engine"]["connected"] is False
        assert state["problems"][0]["code"] == "engine-not-running"
        assert state["problems"][0]["since-at"] > 0
        assert state["health"]["verdict"] == "unknown"
        await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
        assert (await it.do({"do": "go-live"}))[0] == 200
        assert (await it.until(lambda _: True))["live"]["type"] == "preparing"
        async with fake_engine(place):
            await it.until(lambda s: s["live"]["type"] == "on-air")
        state = await it.until(lambda s: not s["engine"]["connected"])
        assert state["live"]["type"] == "reconnecting"
        async with fake_engine(place) as again:
            await it.until(lambda s: s["live"]["type"] == "on-air")
            assert again.plans[0].destinations[0].key == KEY


async def test_that_a_key_was_taken_outlives_the_engine_and_control_but_not_another_key(place: Path) -> None:
    def taking(plan: Plan) -> tuple[DestinationReport, ...]:
        return tuple(
            DestinationReport(name=d.name, session=d.session, state="publishing", accepted=True)
            for d in plan.destinations
        )

    async with box(place) as it:
        async with fake_engine(place) as engine:
            engine.react = taking
            await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
            await it.do({"do": "go-live"})
            await engine.until(lambda p: p.accepted == ("tiktok",))
            assert next(p for p in engine.plans if p.destinations).accepted == (), "not before it was taken"
        async with fake_engine(place) as again:
            again.react = refusing
            plan = await again.until(lambda p: bool(p.destinations))
            assert plan.accepted == ("tiktok",)
            await it.until(lambda _: json.loads((place / "state/run.json").read_text())["accepted"])
    async with fake_engine(place) as engine, box(place) as it:
        engine.react = refusing
        assert (await engine.until(lambda p: bool(p.destinations))).accepted == ("tiktok",)
        await it.do({"do": "paste-key", "text": f"{KEY}new"})
        plan = await engine.until(lambda p: p.destinations[0].key == f"{KEY}new")
        assert plan.accepted == ()


async def test_an_engine_that_talks_nonsense_is_left_and_tried_again(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        seen = len(engine.plans)
        await engine.send(b"\xff\xff\xff\xffnonsense")
        await engine.until(lambda _: len(engine.plans) > seen)
        await it.until(lambda s: s["engine"]["connected"])


async def test_a_picture_that_is_missing_is_named(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        problem = Problem(code="no-cable", text="No cable from the console. Plug it in.")
        lost = Signal(cause=Cause.NO_CABLE, problem=problem)
        await it.until(lambda s: s["engine"]["connected"])
        await engine.say(msgspec.structs.replace(HEALTHY, signal=lost))
        state = await it.until(lambda s: s["signal"]["cause"] == "no-cable")
        assert state["signal"]["state"] == "slate"
        assert (state["readiness"][0]["state"], state["readiness"][0]["code"]) == ("warn", "no-cable")
        assert state["problems"][0]["code"] == "no-cable"
        assert state["health"] == {**state["health"], "verdict": "fair", "cause": "no-picture"}


async def test_preview_is_made_only_while_somebody_looks(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        assert engine.plans[-1].preview_fps == 0
        asking = asyncio.create_task(it.get("/api/preview.jpg"))
        await engine.until(lambda p: p.preview_fps > 0)
        await engine.picture()
        assert await asking == (200, JPEG)


async def test_no_preview_is_503(place: Path) -> None:
    async with box(place) as it:
        status, body = await it.get("/api/preview.jpg")
        assert (status, body["code"]) == (503, "no-preview")


async def test_viewer_only_in_the_demo(place: Path) -> None:
    async with box(place) as it:
        assert (await it.get("/api/viewer.jpg"))[0] == 404
        assert (await it.get("/api/state"))[1]["demo"] is None
    pictures: list[bytes | None] = [None, JPEG]
    async with box(place, viewer=lambda: pictures.pop(0)) as it:
        assert (await it.get("/api/viewer.jpg"))[0] == 503
        assert await it.get("/api/viewer.jpg") == (200, JPEG)
        assert (await it.get("/api/state"))[1]["demo"] == {"viewer": True}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"do": "paste-key", "text": ""}, "paste"),
        ({"do": "paste-key", "text": KEY, "destination": "nowhere"}, "no-such-destination"),
        ({"do": "dance"}, "command"),
        ({"do": "go-live", "title": "x" * 200}, "command"),
        ({}, "command"),
        ([], "command"),
    ],
)
async def test_wrong_commands_are_422(place: Path, command: Any, code: str) -> None:
    async with box(place) as it:
        status, body = await it.do(command)
        assert (status, body["code"]) == (422, code)
        assert set(body) == {"code", "facts", "text"}


async def test_a_live_left_long_ago_is_not_taken_up(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
        await it.do({"do": "go-live"})
        await engine.until(lambda p: bool(p.destinations))
    file = place / "state" / "run.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "seen-at": kept["seen-at"] - 3600}))
    async with fake_engine(place) as engine, box(place) as it:
        state = await it.until(lambda s: s["engine"]["connected"])
        assert state["live"] == {"type": "off"}
        assert engine.plans[-1].destinations == ()


async def test_a_disk_that_takes_nothing_does_not_stop_a_live(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
        for name in ("run.json", *(f"run.json.aside-{number}" for number in range(1, 10))):
            (place / "state" / name).mkdir()
        assert (await it.do({"do": "go-live"}))[0] == 200
        await engine.until(lambda p: bool(p.destinations))
        await it.until(lambda s: s["live"]["type"] == "on-air" and "disk" in {p["code"] for p in s["problems"]})
