"""What an encoder can hold here, from the time that a frame of its trial took. The trials are fakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.encode import choose as room
from appliance.engine.encode.choice_memory import PROVED_S, ChoiceMemory
from appliance.engine.encode.choose import Trial, choose, most_pixels_s
from appliance.engine.encode.libav import VideoSettings
from appliance.model.plan import EncoderPlan, PicturePlan

HD30 = 1280 * 720 * 30


def tried(monkeypatch: pytest.MonkeyPatch, takes_ms: dict[str, float]) -> None:
    """Each encoder or preset takes so long a frame; what is not named fails."""

    def trial(settings: VideoSettings) -> Trial:
        took_ms = takes_ms.get(settings.preset or settings.name)
        return Trial("it is not there") if took_ms is None else Trial(None, took_ms)

    monkeypatch.setattr(room, "trial", trial)


@pytest.mark.parametrize(
    ("takes_ms", "name", "preset", "most"),
    [
        ({"superfast": 20.0}, "libx264", "superfast", HD30),
        ({"superfast": 10.0}, "libx264", "superfast", 2 * HD30),
        ({"superfast": 40.0, "ultrafast": 25.0}, "libx264", "ultrafast", HD30 * 4 // 5),
        ({"h264_qsv": 2.0, "superfast": 20.0}, "h264_qsv", "", 10 * HD30),
        # Quick or not, its level ends at 1080p with 30 frames a second.
        ({"h264_v4l2m2m": 2.0}, "h264_v4l2m2m", "", 8192 * 30 * 256),
        ({"h264_v4l2m2m": 20.0}, "h264_v4l2m2m", "", HD30),
    ],
)
def test_a_trial_tells_how_much_there_is(
    monkeypatch: pytest.MonkeyPatch, takes_ms: dict[str, float], name: str, preset: str, most: int
) -> None:
    tried(monkeypatch, takes_ms)
    choice = choose(EncoderPlan(order=("h264_v4l2m2m", "h264_qsv", "libx264")), PicturePlan())
    assert (choice.settings.name, choice.settings.preset, choice.most_pixels_s) == (name, preset, most)


def test_who_has_no_time_for_a_trial_gets_the_cheapest_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that does not end in time took 0 ms a frame by its answer, and is no quick encoder for that."""
    tried(monkeypatch, {})
    choice = choose(EncoderPlan(order=("libx264",)), PicturePlan())
    assert (choice.settings.preset, choice.most_pixels_s) == ("ultrafast", 0)
    assert "it is not there" in choice.why


def test_a_clock_that_cannot_tell_is_no_proof_of_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried(monkeypatch, {"superfast": 0.0})
    choice = choose(EncoderPlan(order=("libx264",)), PicturePlan())
    assert (choice.settings.preset, choice.most_pixels_s) == ("superfast", 0)
    assert "too coarse" in choice.why


def test_without_a_trial_it_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    tried(monkeypatch, {})
    assert choose(EncoderPlan(name="libx264", preset="fast"), PicturePlan()).most_pixels_s == 0
    assert most_pixels_s(VideoSettings("libx264", "fast", 1280, 720, 30, 3400), 0.0) == 0


def test_it_is_remembered_with_the_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tried(monkeypatch, {"superfast": 20.0})
    plans = EncoderPlan(), PicturePlan()
    choice, file = choose(*plans), tmp_path / "choice.json"
    ChoiceMemory(file).note(*plans, choice, PROVED_S * choice.settings.fps)
    again = ChoiceMemory(file).take(*plans)
    assert again is not None
    assert again.most_pixels_s == HD30
