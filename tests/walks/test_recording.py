"""Recording as an owner does it: start, stop, a clip of what has just happened, watch it, delete it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from tests.recordings.samples import fragmented, put
from tests.running import SMALL_TOML, RunningBox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TOML = SMALL_TOML + "[replay]\nseconds = 20\n"


def fetched(box: RunningBox, name: str) -> bytes:
    return box.get(f"/api/recordings/{urllib.parse.quote(name)}")


@dataclass(frozen=True)
class Played:
    """What came out of a file: when its pictures are shown, and how many seconds of sound there are."""

    pictures_s: list[float]
    sound_s: float


def played(data: bytes, directory: Path) -> Played:
    """Decodes all of a file."""
    path = put(directory, "fetched.mp4", data)
    with av.open(str(path)) as file:
        pictures = [float(frame.time or 0) for frame in file.decode(video=0)]
    with av.open(str(path)) as file:
        return Played(pictures, sum(frame.samples for frame in file.decode(audio=0)) / 48_000)


def test_a_clip_from_before_going_live_a_recording_and_their_end(tmp_path: Path) -> None:
    left = tmp_path / "state" / "recordings"
    left.mkdir(parents=True)
    data = fragmented(4)
    put(left, "2026-08-30 20-15-00 Left behind.mp4.part", data[: len(data) * 3 // 4])
    with RunningBox(tmp_path, TOML) as box:
        mended = box.until(lambda state: bool(state["recordings"]))["recordings"][0]
        assert mended["name"] == "2026-08-30 20-15-00 Left behind.mp4"
        box.until(lambda state: state["encoder"]["fps"] > 0 and state["canvas"]["composed"] > 200)
        assert box.state()["live"]["type"] == "off"

        status, clip = box.do("clip", seconds=4)
        assert status == 200, clip
        clipped = played(fetched(box, clip["name"]), tmp_path)
        # How many pictures there are is the machine's affair; from when to when they are shown is ours.
        assert clipped.pictures_s == sorted(set(clipped.pictures_s))
        shown_s = clipped.pictures_s[-1] - clipped.pictures_s[0]
        assert shown_s == pytest.approx(clip["seconds"], abs=0.5)
        # The newest sound is still being mixed, on a busy machine more of it.
        assert clip["seconds"] - 1.0 < clipped.sound_s < clip["seconds"] + 0.35
        assert box.state()["record"]["state"] == "off"

        assert box.do("start-recording")[0] == 200
        file = box.until(lambda state: state["record"]["written-s"] > 2)["record"]["file"]
        assert box.do("stop-recording")[0] == 200
        state = box.until(lambda state: any(one["name"] == file for one in state["recordings"]))
        assert state["record"]["free-mb"] > 0
        recorded = played(fetched(box, file), tmp_path).pictures_s
        assert recorded[-1] - recorded[0] > 1.5
        listed: list[dict[str, Any]] = json.loads(box.get("/api/recordings"))
        assert {one["kind"] for one in listed} == {"recording", "clip"}

        assert box.do("delete-recording", name=file)[0] == 200
        box.until(lambda state: all(one["name"] != file for one in state["recordings"]))
        status, answer = box.do("delete-recording", name=file)
        assert (status, answer["code"]) == (409, "no-such-recording")
        status, answer = box.do("delete-recording", name="../run.json")
        assert (status, answer["code"]) == (422, "recording-name")
    assert {path.name for path in left.iterdir()} == {mended["name"], clip["name"]}
