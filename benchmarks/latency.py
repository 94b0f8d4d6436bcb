"""From the driver's time stamp to the packet, with the engine's own threads, paced in real time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from appliance.engine.canvas_clock import SECOND, CanvasClock
from appliance.engine.encode.choose import EncoderChoice
from appliance.engine.encode.worker import EncodeWorker
from appliance.engine.frame import CapturedFrame
from appliance.engine.packet import Packet
from appliance.engine.video.frame_slot import FrameSlot
from appliance.engine.video.picture import Inputs, PictureWorker
from benchmarks.ours import FORMAT, settings
from benchmarks.work import SOURCE_FPS, Material, Work


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from capture to packet, and how many frames it is about."""

    p50_ms: float
    p99_ms: float
    frames: int
    dropped: int


def measure(work: Work, material: Material, preset: str, seconds: float) -> Latency:
    """Feeds the clip at 60 frames a second and listens to the encoder. The first second does not count."""
    delays: list[float] = []

    def deliver(packet: Packet) -> None:
        if packet.captured_ns:
            delays.append((time.monotonic_ns() - packet.captured_ns) / 1e6)

    slot = FrameSlot(CanvasClock(work.picture.fps, time.monotonic_ns()))
    picture = PictureWorker(Inputs(slot), work.picture)
    encode = EncodeWorker(EncoderChoice(settings(work, preset), "benchmark"), deliver)
    picture.signal(has_picture=True)
    picture.encode_with(encode.offer)
    encode.start()
    encode.opened.wait(20)
    picture.start()
    _feed(slot, material, seconds)
    picture.stop()
    encode.stop()
    picture.join(5)
    encode.join(5)
    if encode.problem is not None:
        raise encode.problem
    counted = np.array(delays[work.picture.fps :])
    return Latency(float(np.percentile(counted, 50)), float(np.percentile(counted, 99)), len(counted), encode.dropped)


def _feed(slot: FrameSlot, material: Material, seconds: float) -> None:
    clip, start_ns = material.mapped(), time.monotonic_ns()
    for number in range(round(seconds * SOURCE_FPS)):
        due_ns = start_ns + number * SECOND // SOURCE_FPS
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / SECOND)
        slot.put(CapturedFrame(FORMAT, (material.frame(clip, number),), due_ns, number))
