"""How close two canvases are: SSIM by ffmpeg's own filter, over everything and inside the game's band."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.canvas.geometry import Rect
from benchmarks.measure import Failed
from benchmarks.work import Work


@dataclass(frozen=True, slots=True)
class Likeness:
    """SSIM of all planes, 1 for the same picture."""

    whole: float
    band: float


def compare(work: Work, ours: Path, theirs: Path) -> Likeness:
    """Compares two files of raw yuv420p canvases frame by frame."""
    canvas, band = work.canvas, work.band
    return Likeness(_ssim(work, (ours, theirs), Rect(0, 0, *canvas)), _ssim(work, (ours, theirs), band))


def _ssim(work: Work, files: tuple[Path, Path], inside: Rect) -> float:
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{work.canvas.width}x{work.canvas.height}"]
    crop = f"crop={inside.width}:{inside.height}:{inside.x}:{inside.y}"
    command = ["ffmpeg", "-hide_banner", "-nostdin", *raw, "-i", str(files[0]), *raw, "-i", str(files[1])]
    command += ["-filter_complex", f"[0:v]{crop}[a];[1:v]{crop}[b];[a][b]ssim", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"SSIM .*All:([0-9.]+)", done.stderr)
    if done.returncode or found is None:
        raise Failed(f"ffmpeg's ssim filter failed: {done.stderr[-300:]}")
    return float(found.group(1))
