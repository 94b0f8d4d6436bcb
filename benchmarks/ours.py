"""Our side as a process of its own, so that it is measured exactly as the peers are: `python -m benchmarks.ours`.

Uses the engine's own rooms: the reader of captured frames, the canvas, the encoder and the FLV bodies.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import IO

import av
import numpy as np
from numpy.typing import NDArray

from appliance.engine.canvas.looks import Canvas
from appliance.engine.canvas.pool import planes_of
from appliance.engine.canvas_clock import SECOND
from appliance.engine.encode.libav import VideoEncoder, VideoSettings
from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.inputs.decode import FrameReader
from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp import flv
from benchmarks import work as tasks
from benchmarks.work import FRAME_BYTES, SOURCE, SOURCE_FPS, Material, Work

FORMAT = SourceFormat("yuyv422", SOURCE.width, SOURCE.height, Fraction(SOURCE_FPS), SOURCE.width * 2)


def settings(work: Work, preset: str) -> VideoSettings:
    """The encoder as the engine opens it."""
    picture = work.picture
    return VideoSettings("libx264", preset, picture.width, picture.height, picture.fps, work.kbps, Canvas.pixel_format)


def main(arguments: list[str]) -> int:
    """Composes, and encodes unless told not to; prints anonymous memory now and then when asked to."""
    options = _parser().parse_args(arguments)
    work = tasks.ALL[options.work]
    material = Material(Path(options.directory), options.clip_frames)
    canvas = Canvas(work.picture)
    canvas.set_layers(tasks.layers(work))
    with contextlib.ExitStack() as stack:
        into = stack.enter_context(Path(options.into).open("wb")) if options.into else None
        take = _writer(work, options.output, into)
        source = _read(material) if options.read else _mapped(material)
        every = SOURCE_FPS // work.picture.fps
        for number in range(0, options.frames, every):
            tick = number // every
            take(canvas.compose(source(number), None, tick), tick)
            if options.report and tick % options.report == 0:
                gc.collect()
                sys.stdout.write(f"{tick} {anonymous_kb()}\n")
                sys.stdout.flush()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ours")
    parser.add_argument("--work", type=int, required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--clip-frames", type=int, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--output", default="null")
    parser.add_argument("--into", default="")
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--report", type=int, default=0)
    return parser


def _mapped(material: Material) -> Callable[[int], av.VideoFrame]:
    """Frames as a driver gives them: already in memory."""
    clip, reader = material.mapped(), FrameReader()
    return lambda number: _picture(reader, material.frame(clip, number), number)


def _read(material: Material) -> Callable[[int], av.VideoFrame]:
    """Frames read from the file, every one, as the peers read them."""
    reader, buffers = FrameReader(), [np.empty(FRAME_BYTES, np.uint8) for _ in range(4)]
    descriptor = os.open(material.clip, os.O_RDONLY)
    done = -1

    def picture(number: int) -> av.VideoFrame:
        nonlocal done
        while done < number:
            done += 1
            os.preadv(descriptor, [buffers[done % len(buffers)]], done % material.frames * FRAME_BYTES)
        return _picture(reader, buffers[number % len(buffers)], number)

    return picture


def _picture(reader: FrameReader, memory: NDArray[np.uint8], number: int) -> av.VideoFrame:
    frame = reader.picture(CapturedFrame(FORMAT, (memory,), 0, number))
    if frame is None:
        raise ValueError("the clip is damaged")
    return frame


def _writer(work: Work, output: str, into: IO[bytes] | None) -> Callable[[av.VideoFrame, int], None]:
    """What becomes of a canvas: nothing, its planes in a file, or FLV."""
    if output == "null":
        return lambda canvas, tick: None
    if into is None:
        raise ValueError("--into is missing")
    if output == "raw":

        def dump(canvas: av.VideoFrame, _tick: int) -> None:
            for plane in planes_of(canvas):
                into.write(plane.tobytes())

        return dump
    encoder = VideoEncoder(settings(work, output))
    if encoder.params is not None:
        into.write(flv.file_header() + flv.tag(flv.VIDEO, 0, flv.video_header(encoder.params)))

    def encode(canvas: av.VideoFrame, tick: int) -> None:
        for unit in encoder.encode(canvas, tick, key=False):
            begin = unit.tick * SECOND // work.picture.fps
            packet = Packet(True, unit.data, begin, SECOND // work.picture.fps, unit.is_key)
            into.write(flv.tag(flv.VIDEO, flv.milliseconds(begin, 0), flv.media(packet)))

    return encode


def anonymous_kb() -> int:
    """RssAnon of this process in KiB: what it keeps in memory for itself."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("RssAnon:")[1].split()[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
