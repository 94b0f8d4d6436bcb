"""What happens at random in a soak: faults, and owners who use their box. Each leaves everything as it found it."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable

from tests.faults.clocks import set_wall_clock
from tests.faults.stage import CALM_PICTURE, KEY, Stage

REPLAY_S = 60
OTHER_PICTURES = ("test:640x360@30", "test:240x320@60", "test:1280x720@20")

type Mishap = Callable[[Stage, random.Random], None]


def server_killed(stage: Stage, chance: random.Random) -> None:
    """The server dies and comes back."""
    stage.nginx.kill()
    time.sleep(chance.uniform(1, 30))
    stage.nginx.start()


def server_drops(stage: Stage, _chance: random.Random) -> None:
    """The server disconnects us."""
    stage.nginx.drop(KEY.partition("?")[0])


def server_frozen(stage: Stage, chance: random.Random) -> None:
    """The server stands still."""
    stage.nginx.freeze(True)
    time.sleep(chance.uniform(1, 40))
    stage.nginx.freeze(False)


def black_hole(stage: Stage, chance: random.Random) -> None:
    """The path swallows everything."""
    stage.uplink.lose()
    time.sleep(chance.uniform(1, 60))
    stage.uplink.find()


def narrow(stage: Stage, chance: random.Random) -> None:
    """The uplink carries little."""
    stage.uplink.narrow(round(stage.setup.kbps * chance.uniform(0.4, 0.9)))
    time.sleep(chance.uniform(5, 30))
    stage.uplink.wide()


def lossy(stage: Stage, chance: random.Random) -> None:
    """A long way on which packets get lost."""
    stage.uplink.far(round(chance.uniform(40, 200)), chance.uniform(1, 4))
    time.sleep(chance.uniform(5, 30))
    stage.uplink.wide()
    stage.uplink.there("tc qdisc del dev home root")


def control_killed(stage: Stage, chance: random.Random) -> None:
    """Control dies or hangs."""
    stage.role("control").send_signal(chance.choice((signal.SIGKILL, signal.SIGSTOP)))
    time.sleep(12)


def screen_killed(stage: Stage, _chance: random.Random) -> None:
    """The painter dies."""
    stage.role("screen").send_signal(signal.SIGKILL)


def clock_steps(_stage: Stage, chance: random.Random) -> None:
    """The wall clock steps by up to an hour."""
    set_wall_clock(time.time() + chance.uniform(-3600, 3600))


def asks(stage: Stage, chance: random.Random) -> None:
    """The owner takes clips and checks the server."""
    for _ in range(chance.randint(1, 4)):
        told(stage, "clip", seconds=chance.randint(5, REPLAY_S))
        told(stage, "preflight", destination="tiktok")
        time.sleep(1)


def picture_changes(stage: Stage, chance: random.Random) -> None:
    """The console sends another size and rate for a while."""
    for picture in (chance.choice(OTHER_PICTURES), CALM_PICTURE):
        told(stage, "set-setting", path="capture.device", value=picture)
        time.sleep(chance.uniform(2, 15))


def covers(stage: Stage, chance: random.Random) -> None:
    """The owner takes a break, or wants privacy."""
    cover = chance.choice(("brb", "privacy"))
    for on in (True, False):
        told(stage, cover, on=on)
        time.sleep(chance.uniform(1, 15))


def looks(stage: Stage, chance: random.Random) -> None:
    """The owner tries looks."""
    for look in (*chance.sample(("blur", "split", "full"), 2), "fill"):
        told(stage, "set-look", look=look)
        time.sleep(chance.uniform(1, 5))


def recording(stage: Stage, chance: random.Random) -> None:
    """The owner records for a while, and deletes everything there is."""
    told(stage, "start-recording")
    time.sleep(chance.uniform(5, 30))
    told(stage, "stop-recording")
    time.sleep(2)
    for file in json.loads(stage.box.get("/api/recordings")):
        told(stage, "delete-recording", name=file["name"])


def told(stage: Stage, command: str, **arguments: str | int) -> None:
    """Gives a command as an owner. Raises AssertionError when it is refused."""
    status, answer = stage.box.do(command, **arguments)
    if status != 200:
        raise AssertionError(f"{command}: {answer}")


OWNERS: tuple[Mishap, ...] = (asks, picture_changes, covers, looks, recording)
MISHAPS: tuple[Mishap, ...] = (
    server_killed,
    server_drops,
    server_frozen,
    black_hole,
    narrow,
    lossy,
    control_killed,
    screen_killed,
    clock_steps,
    *OWNERS,
)
