"""Canvases for tests on air: what a box is told of them, and what ffprobe says of what arrived."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.box.devices import Hdmi, SoundLoop
from tests.box.farend import Place

KEY = "stream-77?expire=99&sign=a+b/c=="


@dataclass(frozen=True)
class Canvas:
    """What is asked for, and where the game then is."""

    size: str
    fps: int
    look: str
    place: Place
    kbps: int = 3400

    @property
    def toml(self) -> str:
        """The picture's part of box.toml."""
        return (
            f'[picture]\nsize = "{self.size}"\nfps = {self.fps}\nlook = "{self.look}"\n'
            f"[encoder]\nbitrate-kbps = {self.kbps}\n"
        )


def box_toml(tmp_path: Path, canvas: Canvas, hdmi: Hdmi, cable: SoundLoop, server: str) -> str:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    return (
        f'[capture]\ndevice = "{hdmi.capture}"\naudio = "{cable.capture}"\n{canvas.toml}'
        f'[destination.tiktok]\nserver = "{server}"\nkey-file = "{key_file}"\n'
    )


def probed(recording: Path) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, str]]]:
    """What ffprobe says of the picture, the sound, and the packets."""
    words = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_streams",
        "-show_entries",
        "packet=pts,flags,size,codec_type",
    ]
    done = subprocess.run([*words, str(recording)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    streams = {stream["codec_type"]: stream for stream in answer["streams"]}
    return streams["video"], streams["audio"], answer["packets"]
