"""For each row of the fault matrix a saboteur: the guard that makes the row green, taken out of the product.

A row that stays green without its guard proves nothing. `./dev faults --sabotage` runs every row so and wants each to
be red, by a demand that was missed and not because the box never came on air. The product itself knows nothing of it:
`saboteur/sitecustomize.py` changes the words while Python imports them.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.row import Outcome

FOLDER = Path(__file__).parent / "saboteur"
VARIABLE = "PLUGCAST_SABOTAGE"


@dataclass(frozen=True)
class Saboteur:
    """`guard` says what is taken away: in `module`, the words `old` become `new`, wherever they stand."""

    guard: str
    module: str
    old: str
    new: str

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Every process that is started meanwhile, in the virtual box too, lacks the guard."""
        before = {name: os.environ.get(name) for name in (VARIABLE, "PYTHONPATH")}
        os.environ[VARIABLE] = json.dumps([self.module, self.old, self.new])
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(FOLDER), before["PYTHONPATH"])))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def judge(outcome: Outcome) -> str:
    """What is wrong with a row that ran without its guard; empty when it was red for the right reason."""
    if outcome.unproved:
        return "says nothing: " + "; ".join(outcome.unproved)
    return "" if outcome.missed else "stayed green"


_V4L2 = "appliance.engine.inputs.v4l2_source"
_CONNECTION = "appliance.engine.sinks.rtmp.connection"
_PUBLISHER = "appliance.engine.sinks.rtmp.publisher"
_RECORD = "appliance.engine.sinks.record"

_EVENTS = Saboteur(
    "the card's word that the source has changed is heard",
    _V4L2,
    "if happened & select.POLLPRI and _source_changed(node):",
    "if happened & select.POLLPRI and _source_changed(node) and False:",
)
_AGAIN = Saboteur(
    "a card that is gone is looked for ten times a second",
    _V4L2,
    "            self.pause(retry_s)\n",
    "            self.pause(retry_s * 1000)\n",
)
_STALL = Saboteur(
    "a server that takes nothing any more is left", _CONNECTION, "raise verdict.stalled(", "(lambda *_: None)("
)
_RETRY = Saboteur(
    "the first tries to come back follow at once", _PUBLISHER, "return min(timings.retry_first_s *", "return max(20.0, "
)
_NONSENSE = Saboteur(
    "a server that talks nonsense is left at once",
    _CONNECTION,
    "raise verdict.not_rtmp(self._target, str(error)) from None",
    "del error",
)
_STEERING = Saboteur(
    "the bitrate follows what the line carries",
    "appliance.engine.encode.policy",
    "self.kbps = self._network.step(now, measured, bearable)",
    "self.kbps = bearable",
)
_RESTART = Saboteur(
    "a role that has ended is started again at once",
    "appliance.supervisor.run",
    "await asyncio.wait_for(self._stop.wait(), pause_s)",
    "await asyncio.wait_for(self._stop.wait(), pause_s + 90)",
)
_WATCHDOG = Saboteur(
    "a role without a sign of life is killed",
    "appliance.supervisor.run",
    'if b"WATCHDOG=trigger" in message or (',
    "if False and (",
)
_SHEDDING = Saboteur(
    "a box that is too slow leaves things out",
    "appliance.control.judge.shedding",
    "if self._has_been(self._slow_since, STEP_S, now):",
    "if False:",
)
_ROOM_AT_THE_DOOR = Saboteur(
    "at a full door the oldest stranger gives way",
    "appliance.access.door",
    "            self._show_out((strangers or idle)[0])\n",
    "            return False\n",
)
_CRYSTALS = Saboteur(
    "sound is stretched to where its stamps want it",
    "appliance.engine.sound.stretch",
    "self._listen(self.next_place - position, len(samples))",
    "self._listen(self.next_place - position, 0)",
)
_DISK_WORDS = Saboteur(
    "the recorder says what is wrong with the disk",
    _RECORD,
    'self.state, self._problem = "failed", problem',
    'self.state = "failed"',
)
_STEADY_CLOCK = Saboteur(
    "the engine says that it lives by CLOCK_MONOTONIC", "appliance.engine.main", "time.monotonic()", "time.time()"
)
_COPIES = Saboteur(
    "what the disk does not take waits where a killed control left it",
    "appliance.control.main",
    "Spool, state_dir, Path(loaded.config.run_dir) / SPOOL)",
    "Spool, state_dir)",
)
_AGES = Saboteur(
    "a wish is as old as it is, whatever the clock says",
    "appliance.control.live.wish_file",
    "moved_s(kept.moment, self._moment(), RESUME_WITHIN_S + 1)",
    "0.0",
)
_WISH = Saboteur(
    "a control that has just begun knows what was wished",
    "appliance.control.live.wish_file",
    "kept = msgspec.json.decode(read_file(self._file), type=Wish)",
    "kept = Wish()",
)
_PLAN = Saboteur(
    "an engine that has just begun is told the plan",
    "appliance.control.links.engine_link",
    "        async for plan in self._plan.changes():\n",
    "        first, self._plan_told = not hasattr(self, '_plan_told'), True\n"
    "        async for plan in self._plan.changes():\n"
    "            if not first:\n"
    "                continue\n",
)
_KILLED_MEANWHILE = {
    f"{name}-{victim}": guard
    for name in (
        "server-killed", "server-drops", "server-frozen", "server-silent", "server-lies", "server-huge",
        "server-floods", "key-refused", "disk-full", "disk-read-only", "disk-slow", "state-full", "state-read-only",
        "clock-forward", "clock-back", "no-clock",
    )
    for victim, guard in (("control", _WISH), ("engine", _PLAN))
} | {"state-full-control": _COPIES, "state-read-only-control": _COPIES, "clock-forward-control": _AGES}  # fmt: skip

SABOTEURS: dict[str, Saboteur] = {
    **_KILLED_MEANWHILE,
    "signal-modes": _EVENTS,
    "pulled-out": _AGAIN,
    "resolution": _EVENTS,
    "frames-stop": Saboteur("a card without a frame for a second is left", _V4L2, "STALL_S = 1.0", "STALL_S = 5.0"),
    "stream-error": _AGAIN,
    "black": Saboteur(
        "the picture is looked at for black",
        "appliance.engine.video.picture",
        "is_black=show.is_black()",
        "is_black=False",
    ),
    "server-killed": _RETRY,
    "server-drops": _RETRY,
    "server-frozen": _STALL,
    "server-silent": Saboteur(
        "a server has seconds for its first answer",
        _CONNECTION,
        "began, limit = waiter.clock(), self._first_answer_s",
        "began, limit = waiter.clock(), 1000.0",
    ),
    "server-lies": _NONSENSE,
    "server-huge": _NONSENSE,
    "server-floods": Saboteur(
        "a server that sends without end is left",
        _CONNECTION,
        "if self._flood_bytes > FLOOD_BYTES:",
        "if self._flood_bytes < 0:",
    ),
    "key-refused": Saboteur(
        "refusals are answered by longer and longer pauses",
        _PUBLISHER,
        "return min(self._refusals.pauses())",
        "return 0.05",
    ),
    "black-hole-15": _STALL,
    "black-hole-40": _STALL,
    "black-hole-600": _STALL,
    "uplink-50": _STEERING,
    "uplink-25": _STEERING,
    "loss-5": Saboteur(
        "pictures are dropped before sound",
        "appliance.engine.sinks.rtmp.backlog",
        "if packet.is_video and is_before:",
        "if is_before:",
    ),
    "address": _STALL,
    "engine-killed": _RESTART,
    "engine-hung": _WATCHDOG,
    "engine-killed-real": _RESTART,
    "engine-hung-real": _WATCHDOG,
    "control-killed": _RESTART,
    "control-hung": _WATCHDOG,
    "screen-killed": _RESTART,
    "kills": _WATCHDOG,
    "kills-some": _WATCHDOG,
    "slow-start": _SHEDDING,
    "slow-live": _SHEDDING,
    "neighbour-start": _SHEDDING,
    "neighbour-live": _SHEDDING,
    "panel-flood": _ROOM_AT_THE_DOOR,
    "panel-flood-virtual": _ROOM_AT_THE_DOOR,
    "privacy": Saboteur(
        "privacy silences the sound, too",
        "appliance.engine.pipeline",
        'is_private=plan.picture.cover == "privacy"',
        "is_private=False",
    ),
    "sound-fast": _CRYSTALS,
    "sound-slow": _CRYSTALS,
    "sound-8h": _CRYSTALS,
    "disk-full": _DISK_WORDS,
    "disk-read-only": _DISK_WORDS,
    "disk-slow": Saboteur(
        "whoever hands packets to the recorder does not wait for the disk",
        "appliance.engine.sinks.packets",
        "self._packets.put_nowait(packet)",
        "self._packets.put_nowait(packet)\n                while self._packets.qsize():\n                    "
        '__import__("time").sleep(0.001)',
    ),
    "power-cut": Saboteur(
        "every fragment is synced to the disk", _RECORD, "os.fdatasync(self._handle)", "self._handle"
    ),
    "clock-forward": _STEADY_CLOCK,
    "clock-back": _STEADY_CLOCK,
    "no-clock": Saboteur(
        "a certificate from the future is taken for a wrong clock",
        "appliance.engine.sinks.rtmp.verdict",
        "        case 9:\n",
        "        case -9:\n",
    ),
    "heat": Saboteur(
        "the bitrate goes down in the heat",
        "appliance.engine.hardware.thermal",
        "Condition(celsius, must_rest,",
        "Condition(celsius, slowed,",
    ),
}
