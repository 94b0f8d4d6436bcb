"""What everybody in the benchmark has to do, and the frames they do it with. Owns the clip; runs nothing."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas.arrange import arrange
from appliance.engine.canvas.blend import Layer, layer_of
from appliance.engine.canvas.geometry import Rect, Size
from appliance.engine.test_console.art import Nv12
from appliance.engine.test_console.scene import Scene
from appliance.model.plan import Look, PicturePlan

SOURCE = Size(1920, 1080)
SOURCE_FPS = 60
FRAME_BYTES = SOURCE.width * SOURCE.height * 2
OVERLAY = Size(640, 320)
THREADS = min(4, os.cpu_count() or 1)  # as many as our encoder uses


@dataclass(frozen=True, slots=True)
class Work:
    """One task: a canvas, how the game lies on it, how much bitrate."""

    name: str
    picture: PicturePlan
    kbps: int

    @property
    def canvas(self) -> Size:
        """The canvas' size."""
        return Size(self.picture.width, self.picture.height)

    @property
    def band(self) -> Rect:
        """Where the game lies."""
        return arrange(self.picture.look, self.canvas, SOURCE, None).placements[0].into

    @property
    def overlay_at(self) -> tuple[int, int]:
        """The corner of the overlay: under the game in portrait, in a corner of it in landscape."""
        if self.canvas.height > self.canvas.width:
            return (self.canvas.width - OVERLAY.width) // 4 * 2, self.band.bottom + 40
        return 40, self.canvas.height - OVERLAY.height - 40

    @property
    def sigma(self) -> int:
        """How strong a full-size Gaussian blur has to be to look like ours."""
        return round(20 * max(self.canvas) / 1280)


def _work(name: str, size: tuple[int, int], fps: int, kbps: int, look: Look) -> Work:
    return Work(name, PicturePlan(width=size[0], height=size[1], fps=fps, look=look), kbps)


PORTRAIT = _work("portrait 720x1280@30", (720, 1280), 30, 4000, "blur")
TALL = _work("portrait 1080x1920@30", (1080, 1920), 30, 6000, "blur")
LANDSCAPE = _work("landscape 1920x1080@60", (1920, 1080), 60, 6000, "full")
ALL = (PORTRAIT, TALL, LANDSCAPE)


@dataclass(frozen=True, slots=True)
class Material:
    """The files of one run: the clip (packed YUYV, one frame after the other) and the overlay (straight RGBA)."""

    directory: Path
    frames: int

    @property
    def clip(self) -> Path:
        """All frames."""
        return self.directory / "clip.yuyv"

    @property
    def overlay(self) -> Path:
        """The overlay's pixels."""
        return self.directory / "overlay.rgba"

    @property
    def overlay_png(self) -> Path:
        """The overlay as a picture file."""
        return self.directory / "overlay.png"

    def frame(self, clip: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
        """Frame `number` of the mapped clip, which repeats for ever, as flat bytes."""
        first = number % self.frames * FRAME_BYTES
        return clip[first : first + FRAME_BYTES]

    def mapped(self) -> NDArray[np.uint8]:
        """The clip in memory, as a driver's buffers would be: nothing is read, copied, or mapped later."""
        with self.clip.open("r+b") as file:
            whole = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        return np.frombuffer(whole, np.uint8)


def make(directory: Path, frames: int) -> Material:
    """Renders the clip and the overlay into `directory`: the test console's game with a texture and grain on it."""
    material = Material(directory, frames)
    scene = Scene(*SOURCE)
    flat = np.zeros(SOURCE.width * SOURCE.height * 3 // 2, np.uint8)
    luma = flat[: SOURCE.width * SOURCE.height].reshape(SOURCE.height, SOURCE.width)
    chroma = flat[luma.size :].reshape(SOURCE.height // 2, SOURCE.width)
    rng = np.random.default_rng(1)
    texture = _smooth(rng.normal(0, 26, (SOURCE.height, SOURCE.width * 2)))
    grain = rng.normal(0, 1.6, (SOURCE.height + 64, SOURCE.width + 64))
    packed = np.empty((SOURCE.height, SOURCE.width, 2), np.uint8)
    with material.clip.open("wb") as file:
        for number in range(frames):
            scene.draw(Nv12(luma, chroma), number + 100)
            shift = number * 12 % SOURCE.width
            x, y = rng.integers(0, 64, 2)
            noisy = luma + texture[:, shift : shift + SOURCE.width]
            noisy += grain[y : y + SOURCE.height, x : x + SOURCE.width]
            packed[..., 0] = np.clip(noisy, 16, 235)
            packed[..., 1] = np.repeat(chroma, 2, axis=0)
            file.write(packed.tobytes())
    material.overlay.write_bytes(overlay().tobytes())
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = OVERLAY.width, OVERLAY.height, "rgba"
    encoder.time_base = Fraction(1, 1)
    packets = [*encoder.encode(av.VideoFrame.from_ndarray(overlay(), format="rgba")), *encoder.encode(None)]
    material.overlay_png.write_bytes(b"".join(bytes(packet) for packet in packets))
    return material


def overlay() -> NDArray[np.uint8]:
    """A chat-like panel, (320, 640, 4) straight RGBA: a dark translucent plate with opaque lines of letters' size."""
    rgba = np.zeros((OVERLAY.height, OVERLAY.width, 4), np.uint8)
    rgba[...] = (0x16, 0x18, 0x1F, 199)
    rng = np.random.default_rng(2)
    for line in range(5):
        x = 24
        while x < OVERLAY.width - 60:
            wide = int(rng.integers(8, 22))
            tint = (0x7C, 0x6C, 0xFF) if x < 120 else (0xF5, 0xF6, 0xF8)
            rgba[24 + line * 58 : 52 + line * 58, x : x + wide] = (*tint, 255)
            x += wide + int(rng.integers(4, 14))
    return rgba


def layers(work: Work) -> tuple[Layer, ...]:
    """The overlay as our canvas takes it."""
    layer = layer_of(overlay(), *work.overlay_at)
    if layer is None:
        raise ValueError("the overlay is empty")
    return (layer,)


def _smooth(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    for axis in (0, 1):
        noise = (np.roll(noise, 1, axis) + 2 * noise + np.roll(noise, -1, axis)) / 4
    return noise
