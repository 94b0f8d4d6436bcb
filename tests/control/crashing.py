"""A program that carries out one command as control does and is killed (SIGKILL) at a numbered moment of it.

The moments are enumerated, not hit by luck: Python's audit events tell of every file that is opened, renamed, removed
or made, before it happens, and its profiler of every call that `storage.files` makes into C, such as write and fsync.
`python -m tests.control.crashing` reads one JSON line a turn, `{"place", "command", "at"}`, does it in a forked child
and answers with how many moments there were, or -1 when the child was killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from appliance.clock.clocks import WallClock
from appliance.control.director import Director, Surroundings
from appliance.control.factory_reset import finish_reset
from appliance.control.keys import KeyStore
from appliance.control.live.wish_file import WishFile
from appliance.errors import PlugcastError
from appliance.model.command import read_command
from appliance.model.profile import Profile
from appliance.settings import layers
from appliance.storage import files

EVENTS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "shutil.rmtree"}
)

CALLS = frozenset({"write", "flush", "fsync", "close"})


class Here:
    """Somebody stands before the box."""

    async def check_pin(self, pin: str) -> None:
        assert pin == "12345678"

    async def forget_everyone(self) -> None:
        """Nobody was let in."""


class Moments:
    """Counts what is done to the disk in one directory, and ends the process before the one that was chosen."""

    def __init__(self, place: Path, at: int) -> None:
        self._place = str(place)
        self._at = at
        self.count = 0
        self.is_on = False

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """One audit event."""
        if not self.is_on or event not in EVENTS:
            return
        first = arguments[0]
        if event == "open" and not isinstance(first, str | bytes | Path):
            return
        if isinstance(first, str | bytes) and not os.fsdecode(first).startswith(self._place):
            return
        self._step()

    def follow(self, frame: FrameType, event: str, called: object) -> None:
        """One event of the profiler."""
        is_ours = event == "c_call" and frame.f_code.co_filename == files.__file__
        if self.is_on and is_ours and getattr(called, "__name__", "") in CALLS:
            self._step()

    def _step(self) -> None:
        if self.count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1


def director(place: Path, now: float = 1000.0) -> Director:
    """Control's Director over a state directory, with a clock that stands still."""
    around = Surroundings(
        keys=KeyStore(place), wishes=WishFile(place), profile_for=lambda *_: Profile(), name="box", version="1",
        clock=WallClock(lambda: now, lambda: now), presence=Here(),
    )  # fmt: skip
    return Director(layers.load(place / "box.toml"), around)


async def carry_out(place: Path, commands: list[bytes], moments: Moments | None = None) -> None:
    """Starts as control does, does the commands and counts the moments of the last."""
    finish_reset(place)
    control = director(place)
    await control.start()
    for number, body in enumerate(commands):
        if moments is not None:
            moments.is_on = number == len(commands) - 1
        try:
            await control.do(read_command(body))
        except PlugcastError as error:
            sys.stderr.write(f"{error}\n")
            raise


def turn(place: Path, command: bytes, at: int) -> int:
    """One child that does the command; the number of its moments, or -1 when it was killed."""
    back, forth = os.pipe()
    child = os.fork()
    if child == 0:
        moments = Moments(place, at)
        sys.addaudithook(moments.hear)
        threading.setprofile(moments.follow)
        code = 1
        try:
            asyncio.run(carry_out(place, [command], moments))
            moments.is_on = False
            os.write(forth, str(moments.count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(forth)
    with os.fdopen(back) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and not told:
        raise RuntimeError(f"the child failed: {status}")
    return -1 if killed else int(told)


def main() -> None:
    """Turn after turn, as asked on stdin."""
    for line in sys.stdin:
        asked = json.loads(line)
        print(turn(Path(asked["place"]), json.dumps(asked["command"]).encode(), asked["at"]), flush=True)


if __name__ == "__main__":
    main()
