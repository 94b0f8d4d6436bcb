"""What people ask of recordings, over HTTP; the engine is a fake, the disk is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.model.plan import Clip, DeleteRecording, JobRequest, Plan
from appliance.model.problem import Problem
from appliance.model.report import JobAnswer, RecordReport
from tests.control.whole_control import Box, box, place
from tests.fakes.engine import HEALTHY, FakeEngine, fake_engine
from tests.recordings.samples import fragmented, plain, put

__all__ = ["place"]

NAME = "2026-08-30 20-15-00 Elden Ring.mp4"
CLIP = "2026-08-30 20-16-00 clip.mp4"


def shelf_of(directory: Path) -> Path:
    """The directory of recordings, with one of each kind."""
    shelf = directory / "state" / "recordings"
    shelf.mkdir(parents=True)
    put(shelf, NAME, fragmented(4))
    put(shelf, CLIP, plain(1))
    return shelf


async def asked(engine: FakeEngine) -> JobRequest:
    plan = await engine.until(lambda plan: bool(plan.job_requests))
    return plan.job_requests[0]


async def answers(engine: FakeEngine, answer: JobAnswer) -> None:
    await engine.say(msgspec.structs.replace(HEALTHY, answers=(answer,)))


async def test_the_list_and_the_room_are_in_the_state(place: Path) -> None:
    shelf_of(place)
    async with fake_engine(place), box(place) as it:
        state = await it.until(lambda s: bool(s["recordings"]))
        known = {one["name"]: one for one in state["recordings"]}
        assert known[NAME]["kind"] == "recording"
        assert known[NAME]["seconds"] == pytest.approx(4, abs=0.1)
        assert known[CLIP]["kind"] == "clip"
        assert state["record"]["free-mb"] > 0
        assert state["record"]["hours-left"] is not None
        assert await it.get("/api/recordings") == (200, state["recordings"])


async def fetched(it: Box, name: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    async with it.http.get(f"{it.url}/api/recordings/{name}", headers=headers) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def test_a_recording_comes_whole_and_in_ranges(place: Path) -> None:
    data = (shelf_of(place) / NAME).read_bytes()
    async with fake_engine(place), box(place) as it:
        status, headers, body = await fetched(it, NAME)
        assert (status, body) == (200, data)
        assert headers["Content-Type"] == "video/mp4"
        assert headers["X-Content-Type-Options"] == "nosniff"
        status, headers, body = await fetched(it, NAME, Range="bytes=1000-1999")
        assert (status, body) == (206, data[1000:2000])
        assert headers["Content-Range"] == f"bytes 1000-1999/{len(data)}"
        status, _, body = await fetched(it, NAME, **{"Range": "bytes=5-9", "If-Range": '"another"'})
        assert (status, len(body)) == (200, len(data))
        assert (await fetched(it, NAME, Range="bytes=99999999-"))[0] == 416
        async with it.http.head(f"{it.url}/api/recordings/{NAME}") as answer:
            assert (answer.status, answer.content_length) == (200, len(data))


@pytest.mark.parametrize(
    ("name", "status"),
    [("..%2Frun.json", 422), ("%2Fetc%2Fpasswd", 422), ("x.mp4", 422), ("2026-08-30%2020-15-09.mp4", 409)],
)
async def test_only_recordings_are_given_out(name: str, status: int, place: Path) -> None:
    shelf_of(place)
    async with fake_engine(place), box(place) as it:
        import yarl

        async with it.http.get(yarl.URL(f"{it.url}/api/recordings/{name}", encoded=True)) as answer:
            assert answer.status == status
            assert "text" in await answer.json()
        async with it.http.get(f"{it.url}/api/recordings", headers={"Authorization": "Bearer x"}) as answer:
            assert answer.status == 401


@pytest.mark.parametrize("settings", ["", "[record]\nenabled = true\n"], ids=["by hand alone", "every live"])
async def test_recording_by_hand_is_in_the_plan_and_outlives_control(place: Path, settings: str) -> None:
    async with fake_engine(place) as engine:
        async with box(place, settings) as it:
            assert not (await engine.until(lambda plan: True)).record.enabled
            assert (await it.do({"do": "start-recording"}))[0] == 200
            await engine.until(lambda plan: plan.record.enabled)
        engine.plans.clear()
        async with box(place) as it:
            assert (await engine.until(lambda plan: True)).record.enabled
            assert (await it.do({"do": "stop-recording"}))[0] == 200
            await engine.until(lambda plan: not plan.record.enabled)


async def test_ending_the_live_leaves_a_recording_alone_and_its_title_travels(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.do({"do": "paste-key", "text": "rtmp://ingest.example/game stream-42?sign=abc"})
        await it.do({"do": "start-recording"})
        assert (await it.do({"do": "go-live", "title": "Elden Ring"}))[0] == 200
        plan = await engine.until(lambda plan: bool(plan.destinations))
        assert (plan.record.enabled, plan.record.title) == (True, "Elden Ring")
        await it.do({"do": "end-live"})
        plan = await engine.until(lambda plan: not plan.destinations)
        assert plan.record.enabled


ANSWERED: list[tuple[dict[str, Any], object, JobAnswer, int, dict[str, Any]]] = [
    ({"do": "clip", "seconds": 7}, Clip(seconds=7), JobAnswer(id="", state="done", facts={"name": CLIP}), 200,
     {"ok": True, "name": CLIP}),
    ({"do": "clip"}, Clip(seconds=30),
     JobAnswer(id="", state="failed", problem=Problem(code="nothing-to-clip", text="Nothing yet.")), 409,
     {"code": "nothing-to-clip", "facts": {}, "text": "Nothing yet."}),
    ({"do": "clip"}, Clip(seconds=30),
     JobAnswer(id="", state="failed", problem=Problem(code="disk-full", text="Full.")), 503,
     {"code": "disk-full", "facts": {}, "text": "Full."}),
    ({"do": "delete-recording", "name": NAME}, DeleteRecording(name=NAME),
     JobAnswer(id="", state="done", facts={"name": NAME}), 200, {"ok": True, "name": NAME}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "job", "answer", "status", "said"), ANSWERED)
async def test_what_is_asked_is_answered(
    command: dict[str, Any], job: object, answer: JobAnswer, status: int, said: dict[str, Any], place: Path
) -> None:
    import asyncio

    async with fake_engine(place) as engine, box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        doing = asyncio.create_task(it.do(command))
        request = await asked(engine)
        assert request.job == job
        # nothing else waits for it
        assert (await it.do({"do": "end-live"}))[0] == 200
        await answers(engine, msgspec.structs.replace(answer, id=request.id))
        assert await doing == (status, said)
        await engine.until(lambda plan: not plan.job_requests)


async def test_nothing_is_asked_of_an_engine_that_is_away(place: Path) -> None:
    async with box(place) as it:
        status, answer = await it.do({"do": "clip", "seconds": 7})
        assert (status, answer["code"]) == (503, "engine-not-running")


async def test_the_recorders_own_figures_win_while_it_records(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.until(lambda s: s["engine"]["connected"])
        record = RecordReport(state="recording", file=NAME, written_s=3.0, free_mb=8500)
        await engine.say(msgspec.structs.replace(HEALTHY, record=record))
        state = await it.until(lambda s: s["record"]["state"] == "recording")
        assert state["record"]["free-mb"] == 8500
        assert state["record"]["hours-left"] == pytest.approx(5.0, abs=0.1)


async def test_the_plan_says_how_much_to_keep(place: Path) -> None:
    async with fake_engine(place) as engine, box(place, '[record]\nwhen-full = "stop"\n[replay]\nseconds = 45\n'):
        plan: Plan = await engine.until(lambda plan: plan.replay.seconds == 45)
        assert plan.record.when_full == "stop"
