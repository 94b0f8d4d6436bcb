"""What is left out when the box is too slow, one thing after the other, in a published order (docs/while-live.md).

A live comes before what the panel shows of it, and a panel that answers before every second frame. Owns what it
remembers of the last seconds; time and everything measured are parameters, and it changes nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from appliance.control.jobs.uplink_result import QUALITIES
from appliance.model.config import Config
from appliance.model.plan import Plan
from appliance.model.problem import Problem
from appliance.model.report import EncoderReport
from appliance.model.screen import ScreenPlan
from appliance.system.latest import Latest

ORDER = ("preview", "looks", "painter", "preset", "frames")
WORDS = {
    "preview": "the smooth preview",
    "looks": "the small pictures of the looks",
    "painter": "quick changes of the waiting picture's words",
    "preset": "the finer encoding",
    "frames": "a part of the frames",
}
SLOW, WELL = 0.9, 0.97
"""An encoder that makes less than this share of its frames is slow; one that makes this many is well."""
OFTEN_LATE = 2
"""Once late is a pause: a laptop that slept, a machine that was stopped. Who starves is late again and again."""
STEP_S = 3.0
"""For so long it must be slow before something more is left out, and so long does that get to show."""
CALM_S = 20.0
LONGEST_CALM_S = 320.0
RELAPSE_S = 60.0
PAINT_EVERY_S = 15.0
CHEAPEST = "ultrafast"
SLOW_PREVIEW_FPS = 1
LEAST_FPS = 24
FEWEST_OF = 4
"""At the end one frame of so many is made."""
MOST_STEPS = len(ORDER) + FEWEST_OF - 2


@dataclass(frozen=True, slots=True)
class Strain:
    """How the box does: how often control answered late in the last seconds, and what the encoder makes."""

    late: int = 0
    encoder: EncoderReport | None = None

    @property
    def made(self) -> float:
        """Of the canvas's frames, how many are made; all of them while nothing is encoded."""
        encoder = self.encoder
        if encoder is None or not encoder.canvas_fps or not encoder.encoded:
            return 1.0
        return encoder.fps / encoder.canvas_fps

    def is_slow(self, every: int) -> bool:
        """Whether there is more to do than the box can, with one frame in `every` being made."""
        return self.late >= OFTEN_LATE or self.made * every < SLOW

    def is_well(self, every: int) -> bool:
        """Whether there may be room for more."""
        return not self.late and self.made * every >= WELL


class Shedding:
    """Call `look` about once a second. `left_out` are the names of `ORDER` that are left out now."""

    def __init__(self) -> None:
        self._steps = 0
        self._stepped_at = self._back_at = self._painted_at = float("-inf")
        self._slow_since: float | None = None
        self._well_since: float | None = None
        self._calm_s = CALM_S
        self._is_live = self._is_cheap = False
        self._made = 1.0

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is left out, in the published order."""
        return tuple(name for name in ORDER[: self._steps] if name != "preset" or self._is_cheap)

    def look(self, now: float, strain: Strain) -> None:
        """Leaves out one thing more, or takes one back, when it is time to."""
        self._made = strain.made
        is_slow = strain.is_slow(self._every)
        self._slow_since = None if not is_slow else now if self._slow_since is None else self._slow_since
        is_well = strain.is_well(self._every)
        self._well_since = None if not is_well else now if self._well_since is None else self._well_since
        if self._has_been(self._slow_since, STEP_S, now):
            self._more(now)
        elif self._has_been(self._well_since, self._calm_s, now):
            self._less(now)

    def lightened(self, plan: Plan) -> Plan:
        """The plan without what is left out."""
        self._is_live = bool(plan.destinations) or plan.record.enabled or plan.keep_encoding
        if not self._is_live:
            # An encoder keeps its preset for as long as anybody gets its packets.
            self._is_cheap = self._steps > ORDER.index("preset") and plan.encoder.preset == "auto"
        changes: dict[str, object] = {"frames_every": self._every}
        if "preview" in self.left_out:
            changes |= {"preview_fps": min(plan.preview_fps, SLOW_PREVIEW_FPS), "packets_wanted": False}
        if "looks" in self.left_out:
            changes["looks_fps"] = 0
        if self._is_cheap:
            changes["encoder"] = msgspec.structs.replace(plan.encoder, preset=CHEAPEST)
        return msgspec.structs.replace(plan, **changes)

    def paint(self, screen: Latest[ScreenPlan], plan: ScreenPlan, now: float) -> None:
        """Gives the painter a new plan, when it may be given one now."""
        may_paint = "painter" not in self.left_out or now - self._painted_at >= PAINT_EVERY_S
        if plan != screen.value and may_paint:
            screen.set(plan)
            self._painted_at = now

    def problems(self, config: Config) -> tuple[Problem, ...]:
        """What the owner is told: what is left out, and what to choose so that it need not be."""
        names = self.left_out
        if not names:
            return ()
        choose = lesser(config, self._made)
        text = (
            f"This box is too slow for what it has to do and leaves out {', '.join(WORDS[name] for name in names)}. "
            f"Choose {choose} under Settings, or end what else runs on it."
        )
        return (Problem(code="box-slow", text=text, facts={"left-out": ",".join(names), "choose": choose}),)

    @property
    def _every(self) -> int:
        return max(1, self._steps - ORDER.index("frames") + 1)

    def _has_been(self, since: float | None, seconds: float, now: float) -> bool:
        """Whether it has been so for so long, what was changed last having had its time to show."""
        return since is not None and now - max(since, self._stepped_at) >= seconds

    def _more(self, now: float) -> None:
        if self._steps == MOST_STEPS:
            return
        if now - self._back_at < RELAPSE_S:
            # What was taken back too early is taken back later the next time.
            self._calm_s = min(2 * self._calm_s, LONGEST_CALM_S)
        elif not self._steps:
            self._calm_s = CALM_S
        self._steps += 2 if self._is_live and self._steps == ORDER.index("preset") else 1
        self._stepped_at = now

    def _less(self, now: float) -> None:
        if not self._steps:
            return
        self._steps -= 1
        if self._is_live and not self._is_cheap and self._steps == ORDER.index("preset") + 1:
            self._steps -= 1
        self._stepped_at = self._back_at = now


def lesser(config: Config, made: float) -> str:
    """The best quality below the one in use that takes no more than what the box has made of it, or the least one."""
    picture = config.picture
    in_use = picture.width * picture.height * picture.fps
    below = [(one.name, one.long * one.short * one.fps) for one in QUALITIES if one.long * one.short * one.fps < in_use]
    if below:
        return next((name for name, pixels_s in below if pixels_s <= in_use * min(made, SLOW)), below[-1][0])
    if picture.fps > LEAST_FPS:
        return f"{picture.size}@{LEAST_FPS}"
    return f"{picture.width // 4 * 2}x{picture.height // 4 * 2}@{LEAST_FPS}"
