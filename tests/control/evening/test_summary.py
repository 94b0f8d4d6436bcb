"""The summary of a LIVE: what it adds up to, also when control is killed in the middle of it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from msgspec.structs import replace

from appliance.control.evening.highlights import highlights
from appliance.control.evening.lives import watched
from appliance.control.support.bundle import Contents, make_bundle
from appliance.model import event as ev
from appliance.model.problem import Problem
from appliance.model.report import EncoderReport
from appliance.model.state import (
    AudioState,
    DestinationView,
    Off,
    OnAir,
    Preparing,
    Reconnecting,
    Recording,
    RecordState,
    SignalState,
    State,
)
from appliance.model.state.summary import LiveSummary, StreamFigures
from tests.control.evening.nights import LEO, MAYA, T0, ZOE, Night, rose, said, watch

HOT = Problem(code="hot", text="It is hot.")


def sending(sent: int, dropped: int = 0, kbps: int = 3000) -> tuple[DestinationView, ...]:
    return (
        DestinationView(name="tiktok", state="publishing", kbps=kbps, sent_frames=sent, dropped_frames=dropped),
        DestinationView(name="other", state="off", kbps=9),
    )


async def evening(night: Night, *, restarts: bool) -> LiveSummary:
    """A LIVE of two minutes in which everything happens; with `restarts`, control is killed again and again in it."""

    async def go(seconds: float, **changes: Any) -> None:
        await night.go(seconds, **changes)
        if restarts:
            live = night.state.live
            await night.go(10)  # what is seen is kept every ten seconds
            night.restart()
            await night.look(Preparing())
            await night.look(live)
        else:
            await night.go(10)

    on_air = {"signal": SignalState(state="picture"), "title": "Zelda"}
    night.at = 5
    await night.look(OnAir(since_at=T0 + 5), destinations=sending(0), **on_air)
    night.happens(watch("w1", 10), said("c1"), rose("g1", 2))
    await go(20, destinations=sending(600, 3), problems=(HOT,), record=RecordState(state="recording", file="a.mp4"))
    night.happens(ev.Follow(platform="tiktok", id="f1", user=LEO), ev.Likes(platform="tiktok", id="l1", total=70))
    night.happens(rose("g2", 5, end=True), rose("g3", 1, user=LEO, coins=99, group="h"), watch("w2", 30))
    await go(20, problems=(), audio=AudioState(sync_ms=-12.0), encoder=EncoderReport(latency_ms=8.0))
    lost = Reconnecting(since_at=T0 + 5, lost_at=T0 + night.at)
    await go(10, live=lost, destinations=())
    await go(20, live=OnAir(since_at=T0 + 5), destinations=sending(100, 1, 1000), problems=(HOT,))
    clip = Recording(name="clip.mp4", kind="clip", at=T0 + night.at)
    await night.look(recordings=(clip, replace(clip, name="old.mp4", at=1.0), replace(clip, kind="recording")))
    await night.look(Off())
    assert night.log.summary is not None
    return night.log.summary


async def test_all_that_a_live_was() -> None:
    night = Night()
    summary = await evening(night, restarts=False)
    assert (summary.id, summary.title, summary.began_at, summary.seconds) == (1, "Zelda", T0 + 5, 110.0)
    assert summary.ended_at == T0 + 115
    assert (summary.viewers_peak, summary.viewers_average) == (30, round((30 * 10 + 80 * 30) / 110, 1))
    assert summary.totals == replace(summary.totals, comments=1, follows=1, gifts=6, coins=104, likes=70)
    assert [(one.user.name, one.gifts, one.coins) for one in summary.top_gifters] == [("Leo", 1, 99), ("Maya", 5, 5)]
    assert [(one.code, one.seconds, one.times, one.is_over) for one in summary.problems] == [("hot", 40.0, 2, False)]
    assert summary.clips == ("clip.mp4",)
    assert summary.stream == StreamFigures(
        kbps=2750, sent_frames=700, dropped_frames=4, reconnects=1, sync_ms=12.0, latency_ms=8.0
    )
    assert await night.archive.summaries(99, 9) == (summary,)


async def test_a_live_is_the_same_however_often_control_is_killed_in_it() -> None:
    whole, killed = await evening(Night(), restarts=False), await evening(Night(), restarts=True)
    figures = replace(killed, problems=(), stream=StreamFigures(), seconds=0, viewers_average=0)
    assert figures == replace(whole, problems=(), stream=StreamFigures(), seconds=0, viewers_average=0)
    assert [(one.code, one.times) for one in killed.problems] == [("hot", 2)]
    assert (killed.stream.sent_frames, killed.stream.dropped_frames) == (700, 4)


async def test_a_live_that_ended_while_control_was_away_ended_when_it_was_last_seen() -> None:
    night = Night()
    await night.begin()
    await night.go(30)
    night.at += 100
    night.restart()
    await night.end()
    assert night.log.summary is not None
    assert night.log.summary.seconds == 30


async def test_a_live_of_another_day_is_not_gone_on_with() -> None:
    night = Night()
    await night.begin()
    night.happens(said("1"))
    await night.go(30)
    night.at += 86_400
    night.session = 2
    night.restart()
    night.happens(said("2"))
    await night.begin()
    night.happens(said("3"))
    await night.go(5)
    await night.end()
    newest, first = await night.archive.summaries(99, 9)
    assert (first.seconds, first.totals.comments, newest.seconds, newest.totals.comments) == (30, 1, 5, 1)


async def test_a_live_that_goes_on_is_summed_so_far_and_another_one_begins_anew() -> None:
    night = Night()
    await night.begin()
    night.happens(said("1"))
    await night.go(30)
    (so_far,) = await night.archive.summaries(99, 9)
    assert (so_far.ended_at, so_far.totals.comments) == (0.0, 1)
    assert night.log.summary is None
    night.session = 2
    await night.look(OnAir(since_at=T0 + night.at))
    night.happens(said("2"), said("3"))
    await night.go(3)
    await night.end()
    assert [one.totals.comments for one in await night.archive.summaries(99, 9)] == [2, 1]
    assert [one.id for one in await night.archive.summaries(2, 9)] == [1]


async def test_whom_the_owner_hid_is_in_no_summary() -> None:
    night = Night()
    await night.begin()
    night.happens(rose("1", 1, end=True), rose("2", 1, end=True, user=LEO), rose("3", 1, end=True, user=ZOE))
    night.desk.room.hide_viewer("tiktok:leo")
    await night.go(20)
    await night.end()
    assert night.log.summary is not None
    assert [one.user.name for one in night.log.summary.top_gifters] == ["Maya", "Zoe"]
    night.desk.room.hide_viewer("tiktok:zoe")
    assert [one.user.name for one in night.log.summary.top_gifters] == ["Maya"]
    night.restart()
    await night.look()
    assert [one.user.name for one in night.log.summary.top_gifters] == ["Maya"]
    assert [one.top_gifters for one in await night.archive.summaries(9, 9)] == [night.log.summary.top_gifters]
    body = make_bundle(Contents(state=State(summary=night.log.summary), settings=(), metrics="", log="", at=0), ())
    with zipfile.ZipFile(io.BytesIO(body)) as bundle:
        kept = bundle.read("plugcast/state.json")
    assert b'"top-gifters": []' in kept
    assert b"Maya" not in kept


def test_viewers_of_several_platforms_are_added() -> None:
    told = [("a", 0.0, 10), ("b", 10.0, 5), ("a", 20.0, 0)]
    assert watched(told, 30.0) == (15, round((10 * 10 + 15 * 10 + 5 * 10) / 30, 1))
    assert watched([], 30.0) == (None, None)
    assert watched([("a", 5.0, 7)], 5.0) == (7, 7.0)


def test_peaks_are_moments_and_ordinary_talk_is_not() -> None:
    quiet = dict.fromkeys(range(60), 4)
    assert highlights(quiet, {}, 60) == ()
    found = highlights({**quiet, 20: 40, 21: 35, 40: 30}, {10: (1, 500), 50: (3, 3)}, 60)
    assert [(one.at, one.why, one.count, one.coins) for one in found] == [
        (105.0, "gifts", 1, 500), (205.0, "chat", 40, 0), (405.0, "chat", 30, 0),
    ]  # fmt: skip


async def test_a_moment_is_offered_while_it_can_be_had() -> None:
    night = Night()
    await night.begin()
    await night.go(40, record=RecordState(state="recording", file="a.mp4", written_s=30.0))
    night.happens(*(said(f"{n}", f"w{n}", MAYA) for n in range(30)))
    await night.go(60)
    await night.end()
    assert night.log.summary is not None
    (one,) = night.log.summary.highlights
    assert (one.why, one.count, one.recording) == ("chat", 30, "a.mp4")
    assert (one.at - T0, one.clip_until_at - T0, one.recording_s) == (45.0, 90.0, 20.0)
