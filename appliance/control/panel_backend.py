"""Where the panel's questions and the engine's line meet control: joins Director, recordings, feed and pictures.

It decides nothing. It owns what is relayed from the engine to those who watch, and what only control knows of itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from appliance.access.notices import for_viewers
from appliance.access.tokens import AccessFiles
from appliance.control.director import Director
from appliance.control.jobs.recordings import RecordingDisk
from appliance.control.judge.absence import ENGINE_AWAY
from appliance.control.keys import KeyStore
from appliance.control.support.bundle import Contents, make_bundle
from appliance.control.support.counters import Tally
from appliance.control.support.logs import Logbook, last_lines
from appliance.control.support.loop_lag import LoopLag
from appliance.errors import Fact, PlugcastError, Unavailable
from appliance.model.command import Command
from appliance.model.config import Config
from appliance.model.plan import LOOKS
from appliance.model.protocol import LOOK_FRAME, PACKET_FRAME, PREVIEW_FRAME, Hello, MetersMessage
from appliance.model.report import Report
from appliance.model.state import State
from appliance.panel.feed import Feed
from appliance.panel.metrics import Own, exposition
from appliance.panel.packets import PATIENCE_S, Packets
from appliance.panel.preview import Preview
from appliance.settings.listing import SettingRow
from appliance.storage.files import is_there

_LARGEST_SECRET = 4096


@dataclass(frozen=True, slots=True)
class Office:
    """What control knows of itself: how late it is, what it logged, and every secret that must not get out.

    `patience_s` is how long who asks for the live packets waits for them.
    """

    lag: LoopLag
    book: Logbook
    secrets: Callable[[], Awaitable[frozenset[str]]]
    patience_s: float = PATIENCE_S


class ControlDesk:
    """What the panel asks and what the engine's line tells."""

    def __init__(self, director: Director, recordings: RecordingDisk, office: Office) -> None:
        self._director = director
        self._recordings = recordings
        self._office = office
        self._tally = Tally()
        self.preview = Preview(lambda: director.watch("preview"), time.monotonic)
        self.looks: dict[str, Preview] = {
            name: Preview(lambda: director.watch("looks"), time.monotonic) for name in LOOKS
        }
        self.packets = Packets(lambda: director.watch("packets"), self._why_no_packets, patience_s=office.patience_s)
        self.feed = Feed(director.listen, director.told_time)

    @property
    def newest(self) -> State:
        """The newest State."""
        return self._director.state.value

    async def do(self, command: Command) -> dict[str, Fact]:
        """Carries out a command."""
        facts = await self._director.do(command)
        self._recordings.hurry()
        return facts

    async def recording(self, name: str) -> Path:
        """The file of a recording. Raises `Invalid` and `Refused`."""
        return await self._recordings.found(name)

    def settings(self, language: str = "") -> tuple[SettingRow, ...]:
        """Every setting."""
        return self._director.settings(language)

    def backup(self) -> str:
        """What was set on the panel, as TOML."""
        return self._director.backup()

    def metrics(self) -> str:
        """The State and what control counts, as Prometheus reads it."""
        lag, tally = self._office.lag, self._tally
        own = Own(
            signal_losses=tally.signal_losses, reconnects=tally.reconnects, feed_readers=self.feed.readers,
            lag_s=lag.last_s, worst_lag_s=lag.worst_s,
        )  # fmt: skip
        return exposition(self.newest, own)

    async def log(self, most: int) -> str:
        """The last lines of our own roles, without secrets."""
        return await last_lines(self._office.book, most, self._office.secrets)

    async def bundle(self) -> bytes:
        """The support bundle, a zip without secrets."""
        contents = Contents(
            state=replace(for_viewers(self.newest), summary=self.newest.summary), settings=self.settings(),
            metrics=self.metrics(), log=await self.log(1000), at=float(round(time.time())),
        )  # fmt: skip
        secrets = await self._office.secrets()
        return await asyncio.to_thread(make_bundle, contents, secrets)

    async def follow(self) -> None:
        """For ever: gives every new State to those who follow it, and counts."""
        before = self.newest
        async for state in self._director.state.changes():
            self._tally, before = self._tally.after(before, state), state
            self.feed.put(state)

    def greeted(self, hello: Hello) -> None:
        """The engine is there."""
        self._director.greeted(hello)

    def heard(self, report: Report) -> None:
        """It reports."""
        watching = self._director.watching
        if not watching.is_watched("preview"):
            self.preview.clear()
        if not watching.is_watched("packets") and self.packets.kept_bytes:
            self.packets.drop()
        self._director.heard(report)

    def measured(self, message: MetersMessage) -> None:
        """It says how loud it is."""
        self.feed.measure(message)

    def framed(self, kind: bytes, body: bytes) -> None:
        """It sent a picture or a piece of the live packets; what we do not know is of a newer engine."""
        if kind == PREVIEW_FRAME:
            self.preview.put(body)
        elif kind == LOOK_FRAME and body and body[0] < len(LOOKS):
            self.looks[LOOKS[body[0]]].put(body[1:])
        elif kind == PACKET_FRAME and body:
            self.packets.put(body[0], body[1:])

    def lost(self) -> None:
        """It is gone."""
        for preview in (self.preview, *self.looks.values()):
            preview.clear()
        self.packets.clear()
        self._director.lost()

    def _why_no_packets(self) -> PlugcastError:
        if not self.newest.engine.connected:
            return Unavailable(ENGINE_AWAY.code, ENGINE_AWAY.text)
        slow = next((problem for problem in self.newest.problems if problem.code == "box-slow"), None)
        if slow is not None:
            return Unavailable(slow.code, slow.text)
        return Unavailable(
            "no-live-preview", "Nothing is being sent right now. The moving picture comes with the live or a practice."
        )


async def secrets_of(config: Config) -> frozenset[str]:
    """Every secret that is kept on the disk in clear, to be taken out of what leaves the box."""
    return await asyncio.to_thread(_secrets_on_disk, config)


def _secrets_on_disk(config: Config) -> frozenset[str]:
    files = (*(choice.key_file for choice in config.destination.values()), config.mqtt.password_file)
    state_dir = Path(config.state_dir)
    found, pin = set(KeyStore(state_dir).secrets()), AccessFiles(state_dir).pin
    if is_there(pin.file):
        found.add(pin.shown())
    for file in filter(None, files):
        try:
            with Path(file).open("rb") as stream:
                lines = stream.read(_LARGEST_SECRET).decode(errors="replace").splitlines()
        except OSError:
            continue
        found |= {line.strip() for line in lines if line.strip()}
    return frozenset(found)
