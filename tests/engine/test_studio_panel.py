"""The studio for those who watch and press: covers, practice, live packets, looks, meters, as the plan says."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from appliance.engine.callbacks import Callbacks
from appliance.engine.studio import Studio
from appliance.model.plan import CapturePlan, EncoderPlan, PicturePlan, Plan, RecordPlan, ReplayPlan, SoundPlan
from appliance.model.protocol import PACKETS_BEGIN, PACKETS_KEY
from appliance.model.report import Levels, Report, SourceReport

pytestmark = pytest.mark.timeout(60)

PICTURE = PicturePlan(width=160, height=240, fps=30, look="fill")
QUIET = Plan(
    capture=CapturePlan(device="test:320x180@60", audio="test"),
    picture=PICTURE,
    encoder=EncoderPlan(name="libx264", preset="ultrafast", bitrate_kbps=600),
    replay=ReplayPlan(seconds=0),
)


class Running:
    """A studio that is kept up with, and all that it handed out."""

    def __init__(self) -> None:
        self.plan = QUIET
        self.previews: list[bytes] = []
        self.pieces: list[tuple[int, bytes]] = []
        self.looks: list[tuple[int, bytes]] = []
        self.meters: list[tuple[Levels, tuple[SourceReport, ...]]] = []
        callbacks = Callbacks(
            preview=self.previews.append,
            changed=lambda: None,
            look=lambda number, jpeg: self.looks.append((number, jpeg)),
            packets=lambda kind, piece: self.pieces.append((kind, piece)),
            meters=lambda *levels: self.meters.append(levels),
        )
        self.studio = Studio(QUIET, callbacks)

    def apply(self, **parts: object) -> None:
        self.plan = msgspec.structs.replace(self.plan, **parts)
        self.studio.apply(self.plan)

    def until(self, condition: Callable[[Report], bool]) -> Report:
        """The first report that meets `condition`."""
        end = time.monotonic() + 50
        while time.monotonic() < end:
            self.studio.keep_up()
            assert all(worker.failure is None for worker in self.studio.workers)
            report = self.studio.report()
            if condition(report):
                return report
            threading.Event().wait(0.01)
        raise AssertionError(f"it did not happen: {report}")


@pytest.fixture
def running() -> Iterator[Running]:
    one = Running()
    yield one
    one.studio.close()


def covered(cover: str, picture: PicturePlan = PICTURE) -> PicturePlan:
    return msgspec.structs.replace(picture, cover=cover)


def detail(jpeg: bytes) -> float:
    """How much there is to see in a picture: a lot in the test console's game, little in the slate's soft light."""
    with av.open(io.BytesIO(jpeg), "r", format="image2pipe") as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray").astype(np.int16)
    return float(np.abs(np.diff(grey, axis=1)).mean())


def test_practice_encodes_without_a_destination_and_ends(running: Running) -> None:
    running.apply(keep_encoding=True)
    report = running.until(lambda report: report.encoder.encoded > 20)
    assert report.destinations == ()
    running.apply(picture=PicturePlan(width=240, height=160, fps=30))
    report = running.until(lambda report: report.encoder.width == 240 and report.encoder.encoded > 5)
    assert not report.problems, "practice holds nobody up"
    running.apply(keep_encoding=False)
    running.until(lambda report: report.encoder.encoded == 0)


def test_half_the_frames_are_made_even_on_air_when_the_plan_says_so(running: Running) -> None:
    running.apply(keep_encoding=True)
    full = running.until(lambda report: report.encoder.encoded > 60 and report.encoder.fps > 15).encoder.fps
    running.apply(frames_every=2)
    running.until(lambda report: full / 3 <= report.encoder.fps <= full * 0.6)
    assert not running.studio.report().problems
    running.apply(frames_every=1)
    running.until(lambda report: report.encoder.fps > full * 0.8)


def test_packets_come_while_somebody_watches_and_play_with_picture_and_sound(running: Running) -> None:
    running.apply(packets_wanted=True)
    running.until(lambda report: report.canvas.captured > 30)
    assert running.pieces == [], "no broadcast, no packets"
    running.apply(keep_encoding=True)
    running.until(lambda _: len(running.pieces) >= 8)
    assert [kind for kind, _ in running.pieces[:2]] == [PACKETS_BEGIN, PACKETS_KEY]
    with av.open(io.BytesIO(b"".join(piece for _, piece in running.pieces[:8])), "r") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert sum(1 for _ in container.decode(video=0)) > 30
    running.apply(packets_wanted=False)
    running.until(lambda _: running.pieces[-1] == (PACKETS_BEGIN, b""))
    seen, encoded = len(running.pieces), running.studio.report().encoder.encoded
    running.until(lambda report: report.encoder.encoded > encoded + 20)
    assert len(running.pieces) == seen
    running.apply(packets_wanted=True)
    running.until(lambda _: len(running.pieces) >= seen + 3)
    assert [kind for kind, _ in running.pieces[seen : seen + 2]] == [PACKETS_BEGIN, PACKETS_KEY]


def test_a_new_encoder_is_a_new_beginning(running: Running) -> None:
    running.apply(packets_wanted=True, keep_encoding=True)
    running.until(lambda _: len(running.pieces) >= 3)
    running.apply(picture=PicturePlan(width=240, height=160, fps=30))
    running.until(lambda _: [kind for kind, _ in running.pieces].count(PACKETS_BEGIN) == 3)
    running.until(lambda _: running.pieces[-1][0] != PACKETS_BEGIN)
    last = max(number for number, (kind, _) in enumerate(running.pieces) if kind == PACKETS_BEGIN)
    with av.open(io.BytesIO(b"".join(piece for _, piece in running.pieces[last:])), "r") as container:
        assert container.streams.video[0].width == 240


def test_privacy_covers_preview_and_sound_and_goes_as_quickly(running: Running) -> None:
    running.apply(preview_fps=30, meters_hz=30)
    running.until(lambda report: report.sound.levels_db[0] > -40)
    # Until the console's first picture comes it is the slate that is shown.
    running.until(lambda report: report.canvas.composed > report.canvas.slates + 3)
    running.previews.clear()
    running.until(lambda _: len(running.previews) > 3)
    game = detail(running.previews[-1])
    running.apply(picture=covered("privacy"))
    running.meters.clear()
    running.previews.clear()
    # One or two were on their way, more on a busy machine; behind the first slate no game comes.
    running.until(lambda _: bool(running.previews) and detail(running.previews[-1]) < game / 2)
    first = len(running.previews) - 1
    running.until(lambda _: len(running.previews) > first + 5)
    slate = detail(running.previews[-1])
    assert all(detail(jpeg) < game / 2 for jpeg in running.previews[first:])
    running.until(lambda report: report.sound.levels_db == (-120.0, -120.0) and not report.sound.sources[0].present)
    assert running.studio.report().signal.has_picture, "the console itself goes on"
    running.previews.clear()
    running.apply(picture=PICTURE)
    running.until(lambda report: len(running.previews) > 6 and report.sound.levels_db[0] > -40)
    running.until(lambda _: detail(running.previews[-1]) > slate * 1.5)


def test_a_cover_does_not_wait_for_a_picture_size_that_has_to(running: Running, tmp_path: Path) -> None:
    running.apply(record=RecordPlan(enabled=True, directory=str(tmp_path), keep_free_mb=0), keep_encoding=True)
    running.until(lambda report: report.record.written_s > 0.3)
    wide = PicturePlan(width=320, height=180, fps=30)
    running.apply(picture=wide)
    report = running.until(lambda report: bool(report.problems))
    assert report.problems[0].code == "after-live"
    slates = report.canvas.slates
    running.apply(picture=covered("brb", wide))
    report = running.until(lambda report: report.canvas.slates > slates + 5)
    assert report.encoder.width == 160


def test_looks_and_meters_are_made_only_while_watched(running: Running) -> None:
    running.until(lambda report: report.canvas.captured > 10)
    assert running.looks == []
    assert running.meters == []
    running.apply(looks_fps=2, meters_hz=15)
    running.until(lambda _: len(running.looks) >= 8 and len(running.meters) >= 8)
    assert [number for number, _ in running.looks[:8]] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert [source.name for source in running.meters[0][1]] == ["game", "mic"]
    assert running.studio.report().canvas.composed == 0, "looks need no canvas"
    running.apply(looks_fps=0, meters_hz=0)
    running.until(lambda report: len(running.studio.workers) > 0)
    captured = running.studio.report().canvas.captured
    seen = len(running.looks), len(running.meters)
    running.until(lambda report: report.canvas.captured > captured + 60)
    assert len(running.looks) - seen[0] <= 4
    assert len(running.meters) - seen[1] <= 1


def test_the_report_has_each_source_with_its_gain_and_mute(running: Running) -> None:
    running.apply(sound=SoundPlan(muted=("game",), gains_db={"game": -6.0, "mic": 3.0}))
    # A source is waited for at the beginning, before it counts as one that is not there.
    report = running.until(
        lambda report: report.sound.sources[0].levels_db[0] > -60 and not report.sound.sources[1].present
    )
    game, mic = report.sound.sources
    assert (game.muted, game.gain_db, game.present) == (True, -6.0, True)
    assert (mic.muted, mic.gain_db, mic.present) == (False, 3.0, False)
    running.until(lambda report: report.sound.levels_db[0] < report.sound.sources[0].levels_db[0] - 20)
