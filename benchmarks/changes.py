"""What a change of one slice of State costs control: from its cause to the bytes that readers of the feed are sent.

Counted in processor time of this process: waiting for others costs nothing. Every change meets a Director that shows
everything a live shows.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from appliance.control.director import Director, Surroundings
from appliance.control.jobs.recordings import OnDisk
from appliance.control.keys import KeyStore
from appliance.control.live.wish_file import WishFile
from appliance.model.device import DeviceFacts, DiskFacts, SoundFacts
from appliance.model.profile import Profile
from appliance.model.protocol import Hello
from appliance.model.report import (
    CanvasReport,
    DestinationReport,
    EncoderReport,
    RecordReport,
    Report,
    SoundReport,
    SourceReport,
)
from appliance.model.signal import Cause, Signal
from appliance.model.state import Recording, State
from appliance.panel.state_events import StateEvents
from appliance.settings.layers import SettingsLayer, join

A_SECOND = 50
"""As many changes as a second of a busy chat would bring, and more."""
MOST_SHARE = 0.02
"""Of a core."""
READERS = 4
ONE_SLICE = "a recording that is found"

_REPORT = Report(
    signal=Signal(cause=Cause.NONE, mode="1920x1080@60", pixel_format="YUYV"),
    canvas=CanvasReport(composed=300, captured=600, skipped=300),
    encoder=EncoderReport(name="libx264", why="the quickest", fps=30.0, canvas_fps=30, kbps=3300, target_kbps=3400),
    sound=SoundReport(source="hw:0,1", levels_db=(-12.0, -14.0), sources=(SourceReport(name="game", present=True),)),
    destinations=(DestinationReport(name="tiktok", state="publishing", kbps=3400, sent_frames=300),),
    record=RecordReport(state="recording", file="a.mp4", free_mb=9000),
    devices=(DeviceFacts(node="/dev/video0", card="HDMI", driver="uvcvideo"),),
    sounds=(SoundFacts(name="hw:0,1", text="HDMI"),),
    disks=(DiskFacts(name="sda1", label="STICK", free_mb=9000),),
    memory_mb=61.5,
)
_RECORDINGS = tuple(Recording(name=f"{number}.mp4", seconds=60.0, bytes=10**8) for number in range(20))


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one change: microseconds of a processor, bytes for each reader, the slices that any of them touched."""

    us: float
    bytes: int
    touched: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of a core, at `A_SECOND` changes a second."""
        return self.us * A_SECOND / 1e6


def measure(times: int) -> dict[str, Cost]:
    """What each of the causes costs, by its name."""
    with TemporaryDirectory(prefix="plugcast-bench-") as place:
        director = asyncio.run(_director(Path(place)))
        return {name: _cost(director, cause, times) for name, cause in _causes(director).items()}


async def _director(place: Path) -> Director:
    around = Surroundings(
        keys=KeyStore(place), wishes=WishFile(place), profile_for=lambda *_: Profile(), name="box", version="1"
    )
    director = Director(join((SettingsLayer("box.toml", {"state-dir": str(place)}),)), around)
    await director.start()
    director.greeted(Hello(version="1", pid=1))
    director.heard(_REPORT)
    director.found(OnDisk(_RECORDINGS, free_mb=9000))
    return director


def _causes(director: Director) -> dict[str, Callable[[int], None]]:
    reports = itertools.cycle(_encoded_reports())

    def found(number: int) -> None:
        newest = Recording(name="new.mp4", bytes=number)
        director.found(OnDisk((*_RECORDINGS, newest), free_mb=9000))

    def heard(_number: int) -> None:
        director.heard(msgspec.json.decode(next(reports), type=Report))

    return {ONE_SLICE: found, "a report of the engine": heard}


def _encoded_reports() -> Iterator[bytes]:
    """As they come over the socket: nothing in them is an object that was there before."""
    for number in range(100):
        canvas = msgspec.structs.replace(_REPORT.canvas, composed=300 + number)
        yield msgspec.json.encode(msgspec.structs.replace(_REPORT, at=float(number), canvas=canvas))


def _cost(director: Director, cause: Callable[[int], None], times: int) -> Cost:
    events, touched, sent = StateEvents(), set[str](), 0
    cause(-1)
    events.whole(director.state.value)
    states: list[State] = [director.state.value]
    began = time.process_time()
    for number in range(times):
        cause(number)
        before, newest = states[-1], director.state.value
        states.append(newest)
        for _reader in range(READERS):
            sent += len(events.change(before, newest))
    us = (time.process_time() - began) * 1e6 / times
    for before, newest in itertools.pairwise(states):
        touched |= {name for name in State.__struct_fields__ if getattr(before, name) is not getattr(newest, name)}
    return Cost(us, sent // times // READERS, tuple(sorted(touched - {"at"})))
