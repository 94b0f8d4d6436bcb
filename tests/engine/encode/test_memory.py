"""The kept choice of an encoder: for the same wish, once, and only when it has proved itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.engine.encode.choice_memory import PROVED_S, ChoiceMemory
from appliance.engine.encode.choose import EncoderChoice
from appliance.engine.encode.libav import VideoSettings
from appliance.model.plan import EncoderPlan, PicturePlan
from appliance.model.problem import Problem

ENCODER, PICTURE = EncoderPlan(bitrate_kbps=3000), PicturePlan(width=360, height=640, fps=30)
CHOICE = EncoderChoice(VideoSettings("h264_v4l2m2m", "", 360, 640, 30, 3000, "nv12"), "it passed its trial encode")
ENOUGH = PROVED_S * 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "encoder.json"


def kept(file: Path, choice: EncoderChoice = CHOICE, encoded: int = ENOUGH) -> ChoiceMemory:
    memory = ChoiceMemory(file)
    memory.note(ENCODER, PICTURE, choice, encoded)
    return ChoiceMemory(file)


def test_a_proved_choice_is_there_after_a_restart_once(file: Path) -> None:
    memory = kept(file)
    again = memory.take(ENCODER, PICTURE)
    assert again is not None
    assert again.settings == CHOICE.settings
    assert again.why == "it passed its trial encode, as before the restart"
    assert memory.take(ENCODER, PICTURE) is None


def test_a_second_restart_says_it_only_once(file: Path) -> None:
    again = kept(file).take(ENCODER, PICTURE)
    assert again is not None
    third = kept(file, again).take(ENCODER, PICTURE)
    assert third is not None
    assert third.why == again.why


def test_what_has_not_proved_itself_is_not_kept(file: Path) -> None:
    assert kept(file, encoded=ENOUGH - 1).take(ENCODER, PICTURE) is None
    trouble = replace(CHOICE, problem=Problem(code="encoder-unavailable", text="Not here."))
    assert kept(file, trouble).take(ENCODER, PICTURE) is None


def test_the_bitrate_and_the_look_may_have_changed(file: Path) -> None:
    wish = EncoderPlan(bitrate_kbps=2000)
    again = kept(file).take(wish, PicturePlan(width=360, height=640, fps=30, look="fill"))
    assert again is not None
    assert again.settings.kbps == 2000


@pytest.mark.parametrize(
    ("encoder", "picture"),
    [
        (EncoderPlan(name="libx264"), PICTURE),
        (EncoderPlan(order=("h264_qsv",)), PICTURE),
        (ENCODER, PicturePlan(width=360, height=640, fps=60)),
    ],
)
def test_another_wish_is_tried_anew(file: Path, encoder: EncoderPlan, picture: PicturePlan) -> None:
    assert kept(file).take(encoder, picture) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', "\x00"])
def test_a_broken_file_is_no_file(file: Path, text: str) -> None:
    file.write_text(text)
    assert ChoiceMemory(file).take(ENCODER, PICTURE) is None


def test_without_a_file_or_a_directory_nothing_happens(tmp_path: Path) -> None:
    assert kept(tmp_path / "missing" / "encoder.json").take(ENCODER, PICTURE) is None
    memory = ChoiceMemory()
    memory.note(ENCODER, PICTURE, CHOICE, ENOUGH)
    assert memory.take(ENCODER, PICTURE) is None
