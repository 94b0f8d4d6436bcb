"""The built-in test console and facecam: moving pictures with sound, so that everything works before a cable is in.

They behave like capture devices: frames in a few buffers on loan, exact time stamps on CLOCK_MONOTONIC, a sequence
that counts what had to be skipped. They open nothing and never wait for a reader.
"""

from __future__ import annotations

import logging
import queue
import time
import weakref
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas.pool import trim_heap
from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.sound.block import RATE, SoundBlock
from appliance.engine.test_console.art import Nv12
from appliance.engine.test_console.face import Face
from appliance.engine.test_console.music import PING_SAMPLES, music, ping
from appliance.engine.test_console.scene import COIN_EVERY, Scene
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker
from appliance.errors import Invalid
from appliance.model.signal import Cause, Signal

log = logging.getLogger(__name__)

NS = 1_000_000_000
_BUFFERS = 6


def is_test(device: str) -> bool:
    """Whether a `capture.device` is the test console."""
    return device.partition(":")[0] == "test"


@dataclass(frozen=True, slots=True)
class TestFormat:
    """What a test source sends: NV12 of this size at this whole rate, BT.709 limited range."""

    __test__ = False  # pytest: not a test, in spite of its name

    width: int = 1280
    height: int = 720
    fps: int = 60

    @classmethod
    def of(cls, device: str) -> TestFormat:
        """What a `capture.device` asks for: `test`, or `test:WIDTHxHEIGHT@FPS`."""
        mode = device.partition(":")[2]
        return cls(*(int(part) for part in mode.replace("@", "x").split("x"))) if mode else cls()

    @property
    def source(self) -> SourceFormat:
        """The same as a captured frame says it."""
        return SourceFormat("nv12", self.width, self.height, Fraction(self.fps), self.width)

    @property
    def mode(self) -> str:
        """As the signal's state names it."""
        return f"{self.width}x{self.height}@{self.fps}"

    def checked(self) -> TestFormat:
        """Itself. Raises `Invalid` for what cannot be drawn."""
        if self.width % 2 or self.height % 2 or not (160 <= self.height <= 2160 and self.width >= 160):
            raise Invalid("test-format", f"The test picture cannot be {self.mode}; use an even size from 160.")
        if 60 % self.fps:
            raise Invalid("test-format", f"The test picture cannot be {self.mode}; use 60, 30 or 20 frames a second.")
        return self


class Painting(Protocol):
    """Something that paints any frame of itself; frames are counted in sixtieths of a second."""

    def draw(self, on: Nv12, frame: int) -> None:
        """Paints frame number `frame` over the whole of `on`."""


class Buffers:
    """A few NV12 pictures on loan, as a driver has them: one is free again when its last view is gone."""

    def __init__(self, form: TestFormat, count: int = _BUFFERS) -> None:
        self._form = form
        self._memory = [memoryview(np.empty(form.width * form.height * 3 // 2, np.uint8)) for _ in range(count)]
        # SimpleQueue, because a finalizer may run in the middle of anything.
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(count):
            self._free.put(index)

    def take(self) -> tuple[NDArray[np.uint8], Nv12] | None:
        """A free buffer, flat and as a picture; None when the readers hold all of them."""
        try:
            index = self._free.get_nowait()
        except queue.Empty:
            return None
        flat = np.frombuffer(self._memory[index], np.uint8)
        given_back: weakref.finalize[Any, Any] = weakref.finalize(flat, self._free.put, index)
        given_back.atexit = False
        width, height = self._form.width, self._form.height
        luma, chroma = flat[: width * height], flat[width * height :]
        return flat, Nv12(luma.reshape(height, width), chroma.reshape(height // 2, width))


class TestSource(Worker):
    """Paints at exact ticks and leaves the frames in a mailbox; `captured` and `skipped` count them."""

    __test__ = False
    begins_slowly = True

    def __init__(self, name: str, form: TestFormat, frames: Mailbox[CapturedFrame]) -> None:
        super().__init__(name)
        self.format = form.checked()
        self.captured = 0
        self.skipped = 0
        self._frames = frames
        self._buffers = Buffers(form)

    @abstractmethod
    def painting(self) -> Painting:
        """Makes what is painted; called on the source's own thread, because it takes up to a second."""

    def ticked(self, start_ns: int, sixtieth: int) -> None:
        """Called after every tick: everything before that sixtieth of a second since `start_ns` has happened."""

    def started(self) -> None:
        """Called once when the first frame is about to come."""

    def work(self) -> None:
        """Paints until asked to stop."""
        painting = self.painting()
        trim_heap()  # painting the strips once took many times the memory that they keep
        self.started()
        # Frames are numbered by the machine's clock, so that a viewer on the same machine can tell their age.
        start_ns, fps = 0, self.format.fps
        tick = time.monotonic_ns() * fps // NS + 1
        while not self.stopping:
            self.beat()
            due_ns = start_ns + tick * NS // fps
            now_ns = time.monotonic_ns()
            if now_ns < due_ns:
                if self.pause((due_ns - now_ns) / NS):
                    break
            elif now_ns >= due_ns + NS // fps:
                # Too late for this one: a console would not wait for us either.
                missed = (now_ns - due_ns) * fps // NS
                self.skipped += missed
                tick += missed
                continue
            self._show(painting, tick, due_ns)
            self.ticked(start_ns, tick * 60 // fps)
            tick += 1
        self._frames.take(0)

    def _show(self, painting: Painting, tick: int, due_ns: int) -> None:
        taken = self._buffers.take()
        if taken is None:
            self.skipped += 1
            return
        flat, picture = taken
        painting.draw(picture, tick * 60 // self.format.fps)
        self.captured += 1
        self._frames.put(CapturedFrame(self.format.source, (flat,), due_ns, tick))


class TestConsole(TestSource):
    """A made-up game with music at 60 frames a second.

    Frames are numbered by CLOCK_MONOTONIC: frame n is the one of n sixtieths of a second since its beginning. Every
    second a coin is caught: the lamp beside the score lights in the frame whose number is a multiple of 60, and the
    coin's ping begins in the sample that belongs to that frame's time stamp. `on_sound` gets 800 samples a tick (more
    after a late one; none is left out unless it is a second late), `on_signal` that there is a picture; both on the
    source's thread.
    """

    def __init__(
        self,
        frames: Mailbox[CapturedFrame],
        on_sound: Callable[[SoundBlock], object] | None = None,
        on_signal: Callable[[Signal], object] | None = None,
        form: TestFormat | None = None,
    ) -> None:
        super().__init__("test-console", form or TestFormat(), frames)
        self._on_sound = on_sound
        self._on_signal = on_signal
        self._sound = GameSound() if on_sound is not None else None

    def painting(self) -> Painting:
        """The game."""
        return Scene(self.format.width, self.format.height)

    def started(self) -> None:
        """Says that a picture comes."""
        log.info("The built-in test console plays at %s.", self.format.mode)
        if self._on_signal is not None:
            self._on_signal(Signal(cause=Cause.NONE, mode=self.format.mode, pixel_format="nv12"))

    def ticked(self, start_ns: int, sixtieth: int) -> None:
        """Hands out the sound up to this tick."""
        if self._sound is None or self._on_sound is None:
            return
        first, samples = self._sound.until(sixtieth * RATE // 60)
        if len(samples):
            self._on_sound(SoundBlock(samples, start_ns + first * NS // RATE))


class GameSound:
    """The game's endless sound, taken in order."""

    def __init__(self) -> None:
        self._music = music()
        self._ping = ping()
        self._next = -1  # nothing taken yet: it begins where it is first asked for

    def until(self, sample: int) -> tuple[int, NDArray[np.int16]]:
        """The number of the first sample not yet taken, and (n, 2) samples from it up to number `sample`.

        Of a longer wait only the last second is there: whoever slept that long starts anew.
        """
        first = sample if self._next < 0 else max(self._next, sample - RATE)
        self._next = max(first, sample)
        numbers = np.arange(first, self._next)
        samples = self._music[numbers % len(self._music)]
        second = COIN_EVERY * RATE // 60
        within = numbers % second
        rings = within < PING_SAMPLES
        samples[rings] += self._ping[within[rings]]
        return first, samples


class TestFacecam(TestSource):
    """An animated player's face at 30 frames a second, for the look `split`."""

    def __init__(self, frames: Mailbox[CapturedFrame], form: TestFormat | None = None) -> None:
        super().__init__("test-facecam", form or TestFormat(640, 480, 30), frames)

    def painting(self) -> Painting:
        """The face."""
        return Face(self.format.width, self.format.height)
