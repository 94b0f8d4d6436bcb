"""Power cuts for real: the box's kernel is killed with SIGKILL while it records and saves settings on an ext4 disk.

What the kernel had not yet written to its disk, an image file, is gone, as when a plug is pulled. (A disk that lies
about its own cache would lose more; the image does not lie.) Then the box boots again, from the same disk, and finds
what is left. Virtual clock: a second of recording is a second and the disk takes none, however busy this machine is.

    python -m tests.box.powercut --count 50 --seed 1
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.box.boot import Box, BoxCrashed, run
from tests.box.kernel import kernel
from tests.engine.sinks.media import clip

DISK_MB = 64
BOOT_LIMIT_S = 120.0
LOOK_S = 0.002
TICK_S = 0.1  # how exactly the seconds recorded are known


@dataclass(frozen=True)
class Cut:
    """One power cut: what had been recorded and what was left of it; settings that were saved, begun, and found."""

    recorded_s: float
    left_s: float
    saved: int
    begun: int
    found: tuple[int, ...]
    trouble: str = ""

    @property
    def lost_s(self) -> float:
        """How much of the recording is gone; at most a tenth of a second more than it was."""
        return self.recorded_s + TICK_S - self.left_s

    @property
    def settings_are_whole(self) -> bool:
        """Whether every setting is the last one that was saved or the one that was being saved."""
        return all(self.saved <= number <= self.begun for number in self.found)


@dataclass(frozen=True)
class PowerCuts:
    """All cuts of one run."""

    cuts: tuple[Cut, ...]

    @property
    def most_lost_s(self) -> float:
        """The most that any cut cost."""
        return max(cut.lost_s for cut in self.cuts)

    @property
    def torn(self) -> tuple[Cut, ...]:
        """Cuts after which a setting was neither old nor new, or something else was wrong."""
        return tuple(cut for cut in self.cuts if cut.trouble or not cut.settings_are_whole)


def power_cuts(count: int, seed: int) -> PowerCuts:
    """Pulls the plug `count` times, at moments that follow from `seed` and from how fast this machine is.

    Raises BoxError and BoxCrashed when the box cannot be booted.
    """
    moments = random.Random(seed)  # noqa: S311 - for moments, not for secrets
    with tempfile.TemporaryDirectory(prefix="plugcast-powercut-") as name:
        share, disk = Path(name) / "share", Path(name) / "disk"
        share.mkdir()
        (share / "clip").write_bytes(pickle.dumps(clip(4)))
        subprocess.run(["mke2fs", "-qF", "-t", "ext4", str(disk), f"{DISK_MB}M"], check=True, stdout=subprocess.DEVNULL)
        before, cuts = _boot_and_cut(share, disk, moments), []
        for _ in range(count):
            after = _boot_and_cut(share, disk, moments)
            cuts.append(_cut(before, after))
            before = after
    return PowerCuts(tuple(cuts))


@dataclass(frozen=True)
class _Told:
    """What one boot found at its start, and how far it came until it was cut."""

    verdict: dict[str, object]
    media_s: float
    saved: int
    begun: int


def _cut(before: _Told, after: _Told) -> Cut:
    verdict = after.verdict
    trouble = [str(verdict["failed"] or ""), *(f"left over: {name}" for name in _listed(verdict["left-over"]))]
    return Cut(
        recorded_s=before.media_s,
        left_s=float(str(verdict["recorded-s"])),
        saved=before.saved,
        begun=before.begun,
        found=tuple(int(number) for number in _listed(verdict["settings"])),
        trouble=", ".join(word for word in trouble if word),
    )


def _listed(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


def _boot_and_cut(share: Path, disk: Path, moments: random.Random) -> _Told:
    for name in ("verdict", "media", "saving", "saved"):
        (share / name).unlink(missing_ok=True)
    plug, output = threading.Event(), io.BytesIO()
    box = Box(kernel(), virtual_clock=True, words=(f"ubd0={disk}",), shares=(share,), timeout_s=BOOT_LIMIT_S, cut=plug)
    inside = f"{sys.executable} -B -m tests.box.powercut_inside /run/disk {share}"
    script = f"mkdir /run/disk && mount -t ext4 /dev/ubda /run/disk && exec {inside}"
    crashes: list[BoxCrashed] = []

    def boot() -> None:
        try:
            code = run(box, ["sh", "-c", script], output, output)
            crashes.append(BoxCrashed(f"What runs in the box ended with {code}.", output.getvalue().decode()))
        except BoxCrashed as crash:
            crashes.append(crash)

    booted = threading.Thread(target=boot)
    booted.start()
    try:
        _wait_for(share, moments.uniform(1.5, 9.0), booted)
        time.sleep(moments.uniform(0, 0.1))
    finally:
        plug.set()
        booted.join()
    if not (share / "verdict").exists() or _number(share / "media") <= 0:
        raise BoxCrashed(f"{crashes[0]}\n{output.getvalue().decode(errors='replace')}", crashes[0].log)
    verdict = json.loads((share / "verdict").read_text())
    return _Told(verdict, _number(share / "media"), int(_number(share / "saved")), int(_number(share / "saving")))


def _wait_for(share: Path, media_s: float, booted: threading.Thread) -> None:
    while booted.is_alive() and _number(share / "media") < media_s:
        time.sleep(LOOK_S)


def _number(file: Path) -> float:
    try:
        return float(json.loads(file.read_text() or "0"))
    except FileNotFoundError:
        return 0.0


def main() -> int:
    """Prints each cut and a verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    result = power_cuts(options.count, options.seed)
    for cut in result.cuts:
        settings = f"settings {cut.saved} to {cut.begun} are {cut.found}"
        print(f"{cut.recorded_s:.1f} s recorded, {cut.lost_s:.2f} s lost; {settings} {cut.trouble}", flush=True)
    print(f"{len(result.cuts)} cuts: at most {result.most_lost_s:.2f} s lost, {len(result.torn)} with torn settings")
    return 0 if result.most_lost_s <= 2 and not result.torn else 1


if __name__ == "__main__":
    sys.exit(main())
