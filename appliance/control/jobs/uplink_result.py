"""The measurement of the line as State shows it, and what to choose for what it carries. Pure.

The qualities are those of TikTok's own encoder; the engine measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from appliance.clock.clocks import WallClock
from appliance.control.jobs.job_queue import JobQueue
from appliance.model.config import Config
from appliance.model.plan import AUDIO_KBPS, UplinkTest
from appliance.model.report import Report
from appliance.model.state import Advice, UplinkState

ABOUT = "uplink"
WITHIN_S = 15.0
TEST_S = 8
SPARE = 0.75
"""How much of what a line carried for some seconds may be used for hours: Wi-Fi and neighbours come and go."""


@dataclass(frozen=True, slots=True)
class Quality:
    """A quality: the canvas's sides, frames a second and the video's kilobits a second."""

    name: str
    long: int
    short: int
    fps: int
    kbps: int


QUALITIES = (
    Quality("1080p60", 1920, 1080, 60, 7600),
    Quality("1080p30", 1920, 1080, 30, 6000),
    Quality("720p60", 1280, 720, 60, 4400),
    Quality("720p30", 1280, 720, 30, 3400),
    Quality("480p30", 852, 480, 30, 2000),
)
"""Best first."""


def ask_uplink(queue: JobQueue, config: Config, now: float) -> None:
    """Asks the engine to measure."""
    queue.ask(ABOUT, UplinkTest(url=config.uplink.test_url, seconds=TEST_S), now, WITHIN_S)


def uplink_state(queue: JobQueue, config: Config, clock: WallClock, report: Report | None) -> UplinkState:
    """The newest measurement. What the encoder can do is in the `report`, None while the engine does not answer."""
    outcome = queue.about(ABOUT)
    if outcome is None:
        return UplinkState()
    at = float(round(clock.at(outcome.at)))
    if outcome.is_open:
        return UplinkState(state="testing", at=at)
    measured = outcome.facts.get("kbps", 0)
    kbps = int(measured) if isinstance(measured, int | float) else 0
    if outcome.state != "done":
        return UplinkState(state="failed", at=at, problem=outcome.problem)
    if "kbps" not in outcome.facts:
        return UplinkState()  # a live that began meanwhile stopped it
    most_pixels_s = report.encoder.most_pixels_s if report else 0
    return UplinkState(state="ok", kbps=kbps, at=at, advice=advice(kbps, config, most_pixels_s))


def advice(kbps: int, config: Config, most_pixels_s: int = 0) -> Advice:
    """What suits a line that carries so much, in the shape of the canvas in use.

    `most_pixels_s` is what the encoder can hold, 0 where that is not known: then only the line counts.
    """
    usable = kbps * SPARE - AUDIO_KBPS
    carried = next((quality for quality in QUALITIES if quality.kbps <= usable), None)
    best = carried and _made(carried, most_pixels_s)
    carries = f"Your internet sends {_megabits(kbps)} megabits a second"
    lowest = QUALITIES[-1]
    if best is None:
        bitrate = max(500, min(lowest.kbps, int(usable) // 100 * 100))
        text = f"{carries}, which is little: choose {lowest.name}, use a cable, or stop other downloads."
        return Advice(text=text, quality=lowest.name, size=_size(lowest, config), fps=30, bitrate_kbps=bitrate)
    is_box = best is not carried
    text = f"{carries}: {best.name} fits with room to spare."
    if is_box and carried:
        text = f"{carries}, enough for {carried.name}, but this box can make no more than {best.name}."
    size = _size(best, config)
    limit: Literal["line", "box"] = "box" if is_box else "line"
    return Advice(text=text, limit=limit, quality=best.name, size=size, fps=best.fps, bitrate_kbps=best.kbps)


def _made(carried: Quality, most_pixels_s: int) -> Quality:
    """The best that the box can make of what the line carries; the lowest when it can make none of them."""
    if not most_pixels_s:
        return carried
    lesser = QUALITIES[QUALITIES.index(carried) :]
    return next(
        (quality for quality in lesser if quality.long * quality.short * quality.fps <= most_pixels_s), lesser[-1]
    )


def _size(quality: Quality, config: Config) -> str:
    is_portrait = config.picture.height > config.picture.width
    return f"{quality.short}x{quality.long}" if is_portrait else f"{quality.long}x{quality.short}"


def _megabits(kbps: int) -> str:
    return f"{kbps / 1000:.1f}".removesuffix(".0")
