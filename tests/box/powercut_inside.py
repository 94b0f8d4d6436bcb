"""What runs in the box whose plug is pulled: looks at what the last cut left, then records and saves until the next.

    python -m tests.box.powercut_inside DISK SHARE

DISK is the mounted ext4. SHARE is a folder of the host: `clip` holds the packets to record; `verdict` gets what was
found at the start, `media` the seconds that were recorded so far, `saving` and `saved` the numbers of the settings.
Each is written through to the host at once, so what it says was true before the cut.
"""

from __future__ import annotations

import itertools
import json
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av

from appliance.control.keys import KeyStore
from appliance.control.live.live_state import Wish
from appliance.control.live.wish_file import WishFile
from appliance.destinations.paste import Pasted
from appliance.engine.jobs.recordings import Mender
from appliance.engine.sinks.record import Recorder, RecordTarget
from appliance.model.config import Config
from appliance.recordings import recording_dir
from appliance.settings.panel_file import PANEL_FILE, write_panel
from appliance.settings.toml import read_toml
from tests.engine.sinks.media import Clip

SERVER = "rtmp://ingest.example/game"
SAVE_EVERY_S = 0.03
SECOND = 1_000_000_000


class Share:
    """The folder that survives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tell(self, name: str, value: object) -> None:
        """Writes a value that is on the host when this returns."""
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_SYNC, 0o644)
        os.write(handle, f"{json.dumps(value):<30}\n".encode())
        os.fsync(handle)
        os.close(handle)


def wait_while(busy: Callable[[], bool]) -> None:
    """Waits for the disk. The virtual clock jumps while it works, so a limit in seconds would mean nothing."""
    while busy():
        time.sleep(0.001)


def found(state: Path) -> dict[str, object]:
    """What a start of the product finds: recordings that play, and settings by their numbers."""
    recordings = state / "recordings"
    mender = Mender(recordings)
    mender.start()
    wait_while(lambda: mender.alive)
    seconds = 0.0
    for path in recordings.glob("*.mp4"):
        with av.open(str(path)) as file:
            seconds += sum(1 for _ in file.decode(video=0)) / 30
        recording_dir.delete(recordings, path.name)
    return {
        "failed": repr(mender.failure) if mender.failure else "",
        "recorded-s": seconds,
        "left-over": sorted(path.name for path in recordings.glob("*")),
        "settings": settings(state),
    }


def settings(state: Path) -> list[int]:
    """The numbers that run.json, the key and panel.toml hold; 0 for one that was never written."""
    (credential,) = KeyStore(state).credentials(Config())
    panel = state / PANEL_FILE
    bitrate = read_toml(panel)["encoder"] if panel.exists() else {"bitrate-kbps": 0}
    assert isinstance(bitrate, dict)
    return [WishFile(state).read().session, int(credential.key or 0), int(bitrate["bitrate-kbps"])]


def save(state: Path, share: Share, first: int) -> None:
    """Saves settings for ever, each time with the next number."""
    keys, wishes = KeyStore(state), WishFile(state)
    for number in itertools.count(first):
        share.tell("saving", number)
        wishes.write(Wish(wanted=True, session=number))
        keys.keep("tiktok", Pasted(SERVER, str(number)))
        write_panel(state, {"encoder.bitrate-kbps": number})
        share.tell("saved", number)
        time.sleep(SAVE_EVERY_S)


def record(state: Path, share: Share, media: Clip) -> None:
    """Records for ever."""
    recorder = Recorder(RecordTarget(state / "recordings", 0), media.params)
    recorder.start()
    origin = media.video[0].pts_ns
    pushed_ns = 0
    for turn in itertools.count():
        for packet in media.packets:
            since_ns = packet.pts_ns - origin + turn * 4 * SECOND
            time.sleep(max(0, since_ns - pushed_ns) / SECOND)
            pushed_ns = max(pushed_ns, since_ns)
            recorder.push(replace(packet, pts_ns=origin + since_ns))
            # The host's disk works in real time: the stream stands still meanwhile, as if the disk took no time.
            wait_while(lambda: recorder.is_saving)
            if packet.is_video and since_ns % (SECOND // 10) < SECOND // 30:
                share.tell("media", since_ns / SECOND)
                assert recorder.failure is None
                assert recorder.problem is None, str(recorder.problem)


def main() -> None:
    """Never ends by itself."""
    disk, folder = (Path(word) for word in sys.argv[1:])
    share, state = Share(folder), disk / "state"
    state.mkdir(exist_ok=True)
    media = pickle.loads((folder / "clip").read_bytes())  # noqa: S301 - made by the host's side of this test
    verdict = found(state)
    share.tell("media", 0.0)
    (folder / "verdict.new").write_text(json.dumps(verdict))
    (folder / "verdict.new").rename(folder / "verdict")
    os.sync()
    numbers = verdict["settings"]
    assert isinstance(numbers, list)
    threading.Thread(target=save, args=(state, share, max(numbers) + 1), daemon=True).start()
    record(state, share, media)


if __name__ == "__main__":
    main()
