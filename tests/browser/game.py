"""Pictures for the fake box: the test console's game in every look, as JPEG and as the moving video of a live."""

from __future__ import annotations

import functools
import io
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from appliance.engine.canvas.looks import Canvas
from appliance.engine.sinks.preview import PreviewWorker
from appliance.engine.test_console.art import Nv12
from appliance.engine.test_console.face import Face
from appliance.engine.test_console.scene import Scene
from appliance.model.plan import Look, PicturePlan

WIDTH, HEIGHT, FPS = 360, 640, 30
_FRAMES = 3


@functools.cache
def jpegs(look: Look) -> tuple[bytes, ...]:
    """Some pictures of the game in this look."""
    worker = PreviewWorker(lambda _: None)
    return tuple(worker.jpeg(frame) for frame in _canvases(look))


def _canvases(look: Look) -> Iterator[av.VideoFrame]:
    canvas = Canvas(PicturePlan(width=WIDTH, height=HEIGHT, fps=FPS, look=look))
    game, face = Scene(640, 360), Face(320, 240)
    for number in range(_FRAMES):
        pictures = [_drawn(game, number * 20 + 600, 640, 360), _drawn(face, number * 20, 320, 240)]
        yield canvas.compose(pictures[0], pictures[1] if look == "split" else None, number)


def _drawn(scene: Scene | Face, number: int, width: int, height: int) -> av.VideoFrame:
    memory = np.zeros((height * 3 // 2, width), np.uint8)
    scene.draw(Nv12(memory[:height], memory[height:]), number)
    return av.VideoFrame.from_ndarray(memory, format="nv12")


def movie(
    deliver: Callable[[bytes], None], begins: Callable[[], None], stop: threading.Event, speed: float = 1.0
) -> None:
    """Encodes the game in real time as fragmented MP4, a fragment a frame, and delivers it piece by piece.

    Media time 0 is when `begins` is called. `speed` below 1 is a sender that cannot keep up.
    """
    pipe = _Pipe(deliver)
    options = {"movflags": "empty_moov+default_base_moof+frag_every_frame", "flush_packets": "1"}
    frames = list(_canvases("blur"))
    with av.open(pipe, "w", format="mp4", options=options) as file:
        settings = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
        video: VideoStream = file.add_stream("libx264", rate=FPS, options=settings)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.gop_size = FPS
        audio: AudioStream = file.add_stream("aac", rate=48_000)
        begun, number, samples = time.monotonic(), 0, 0
        begins()
        while not stop.is_set():
            due = begun + number / FPS / speed
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            frame = frames[number % _FRAMES].reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(video.encode(frame))
            number += 1
            while samples < number * 48_000 // FPS:
                silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
                silence.sample_rate, silence.pts, silence.time_base = 48_000, samples, Fraction(1, 48_000)
                file.mux(audio.encode(silence))
                samples += 1024


class _Pipe(io.RawIOBase):
    """A file that can only be written to and hands on what is written."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        self._deliver = deliver

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload] # any buffer
        self._deliver(piece)
        return len(piece)
