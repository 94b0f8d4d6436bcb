"""What a box that is too slow leaves out, in which order, and when it comes back. The clock is a number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.control.judge.shedding import (
    CALM_S,
    LONGEST_CALM_S,
    ORDER,
    PAINT_EVERY_S,
    WORDS,
    Shedding,
    Strain,
    lesser,
)
from appliance.model.config import Config, PictureConfig
from appliance.model.plan import Destination, EncoderPlan, Plan
from appliance.model.report import EncoderReport
from appliance.model.screen import ScreenPlan
from appliance.problems.catalogue import told
from appliance.system.latest import Latest

WATCHED = Plan(preview_fps=10, looks_fps=1, packets_wanted=True)
LIVE = Plan(
    preview_fps=10, looks_fps=1, packets_wanted=True,
    destinations=(Destination(name="tiktok", server="rtmp://h/live", key="k"),),
)  # fmt: skip
WELL = Strain()
LATE = Strain(late=2)


def makes(fps: float) -> Strain:
    return Strain(encoder=EncoderReport(canvas_fps=30, fps=fps, encoded=900))


class Box:
    """A box that is looked at four times a second and asked for its plan each time."""

    def __init__(self, plan: Plan) -> None:
        self.shedding, self.plan, self.now = Shedding(), plan, 1000.0
        self.seen: list[tuple[str, ...]] = []

    def goes_on(self, seconds: float, strain: Strain | Callable[[Plan], Strain]) -> Plan:
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            lightened = self.shedding.lightened(self.plan)
            self.shedding.look(self.now, strain(lightened) if callable(strain) else strain)
            if not self.seen or self.seen[-1] != self.shedding.left_out:
                self.seen.append(self.shedding.left_out)
        return self.shedding.lightened(self.plan)


@pytest.mark.parametrize("strain", [LATE, makes(6.0)], ids=["control is late", "the encoder is slow"])
def test_everything_is_left_out_in_the_published_order(strain: Strain) -> None:
    box = Box(WATCHED)
    plan = box.goes_on(60, strain)
    assert [names[-1:] for names in box.seen] == [(), *((name,) for name in ORDER)]
    assert (plan.preview_fps, plan.packets_wanted, plan.looks_fps, plan.frames_every) == (1, False, 0, 4)
    assert plan.encoder.preset == "ultrafast"


def test_on_air_the_encoder_stays_and_the_frames_come_next() -> None:
    box = Box(LIVE)
    plan = box.goes_on(60, makes(6.0))
    assert box.seen[-2:] == [("preview", "looks", "painter"), ("preview", "looks", "painter", "frames")]
    assert (plan.encoder, plan.destinations, plan.frames_every) == (LIVE.encoder, LIVE.destinations, 4)
    box.plan = WATCHED
    assert box.goes_on(1, makes(6.0)).encoder.preset == "ultrafast"
    box.plan = LIVE
    assert box.goes_on(60, makes(6.0)).encoder.preset == "ultrafast"


def test_what_began_cheaply_stays_so_while_it_is_on_air() -> None:
    box = Box(WATCHED)
    box.goes_on(60, LATE)
    box.plan = LIVE
    assert box.goes_on(400, WELL).encoder.preset == "ultrafast"
    assert box.shedding.left_out in {(), ("preview", "looks", "painter", "preset")}
    box.plan = WATCHED
    assert box.goes_on(200, WELL) == WATCHED


@pytest.mark.parametrize("capacity", [25, 13, 9, 5])
def test_no_fewer_frames_are_made_than_the_box_can_make(capacity: int) -> None:
    box = Box(LIVE)
    plan = box.goes_on(120, lambda plan: makes(min(capacity, 30 / plan.frames_every)))
    assert plan.frames_every == {25: 2, 13: 3, 9: 4, 5: 4}[capacity]


def test_no_more_is_left_out_than_helps() -> None:
    box = Box(LIVE)
    box.goes_on(15, lambda plan: LATE if plan.looks_fps else WELL)
    assert box.seen[-1] == ("preview", "looks")


@pytest.mark.parametrize(
    "strain",
    [WELL, Strain(late=1), makes(30.0), makes(28.0), Strain(encoder=EncoderReport(canvas_fps=30)), Strain(late=0)],
    ids=["well", "paused once", "all frames", "nearly all", "just opened", "nothing known"],
)
def test_nothing_is_left_out_without_need(strain: Strain) -> None:
    box = Box(LIVE)
    assert box.goes_on(300, strain) == LIVE


def test_a_hiccup_of_two_seconds_changes_nothing() -> None:
    box = Box(LIVE)
    for _ in range(20):
        box.goes_on(2, makes(5.0))
        box.goes_on(1, makes(30.0))
    assert box.seen == [()]


def test_all_comes_back_when_there_is_room() -> None:
    box = Box(LIVE)
    box.goes_on(60, makes(6.0))
    assert box.goes_on(9 * CALM_S, makes(30.0)) == LIVE
    assert box.shedding.problems(Config()) == ()


def test_what_comes_back_too_early_comes_back_later_the_next_time() -> None:
    """A box that has no room for the preview does not take it up and down three times a minute for hours."""
    box = Box(LIVE)
    box.goes_on(3600, lambda plan: LATE if plan.preview_fps > 1 else WELL)
    assert len(box.seen) < 2 * 3600 / LONGEST_CALM_S + 12


def test_the_painter_gets_new_words_now_and_then() -> None:
    box = Box(WATCHED)
    screen = Latest(ScreenPlan())

    def painted(now: float) -> bool:
        words = ScreenPlan(owner_name=f"at {now}")
        box.shedding.paint(screen, words, now)
        return screen.value == words

    assert painted(0.0)
    assert painted(0.1)
    box.goes_on(10, LATE)
    assert "painter" in box.shedding.left_out
    assert [at for at in range(60) if painted(2000.0 + at)] == [0, 15, 30, 45]
    assert PAINT_EVERY_S == 15


def test_an_encoder_that_the_owner_chose_is_left_alone() -> None:
    box = Box(Plan(encoder=EncoderPlan(preset="fast")))
    assert box.goes_on(60, LATE).encoder.preset == "fast"
    assert "preset" not in box.shedding.left_out


def test_the_owner_reads_what_is_left_out_and_what_to_choose() -> None:
    box = Box(LIVE)
    box.goes_on(60, makes(6.0))
    (problem,) = box.shedding.problems(Config())
    assert problem.code == "box-slow"
    assert problem.facts == {"left-out": "preview,looks,painter,frames", "choose": "480p30"}
    assert all(WORDS[name] in problem.text for name in box.shedding.left_out)
    spanish = told(problem, "es").text
    assert "480p30" in spanish
    assert not any(name in spanish for name in ORDER)


@pytest.mark.parametrize(
    ("size", "fps", "made", "choose"),
    [
        ("1080x1920", 60, 1.0, "1080p30"), ("1080x1920", 60, 0.4, "720p30"), ("720x1280", 60, 0.8, "720p30"),
        ("720x1280", 30, 1.0, "480p30"), ("480x852", 30, 0.9, "480x852@24"), ("160x240", 24, 0.9, "80x120@24"),
    ],
)  # fmt: skip
def test_what_to_choose_is_less_than_what_is_in_use(size: str, fps: int, made: float, choose: str) -> None:
    picture = PictureConfig(size=size, fps=fps)  # type: ignore[arg-type]
    assert lesser(Config(picture=picture), made) == choose
