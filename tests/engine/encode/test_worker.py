"""The encoding thread: where key frames come when not every canvas is made, and what an encoder too slow gives up."""

from __future__ import annotations

import itertools
import queue
import threading

import pytest

from appliance.engine.encode.choose import EncoderChoice
from appliance.engine.encode.libav import GOP_SECONDS, VideoSettings
from appliance.engine.encode.trial_picture import moving_picture
from appliance.engine.encode.worker import WAITING_S, Composed, EncodeWorker
from appliance.engine.packet import Packet

FPS = 30
SMALL = VideoSettings("libx264", "ultrafast", 96, 96, FPS, 300)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_key_frames_come_every_two_seconds_however_many_canvases_are_made(every: int) -> None:
    made: queue.SimpleQueue[Packet] = queue.SimpleQueue()
    worker = EncodeWorker(EncoderChoice(SMALL, "a test"), made.put)
    worker.start()
    assert worker.opened.wait(10)
    packets = []
    try:
        for tick in range(0, 10 * FPS, every):
            worker.offer(Composed(moving_picture(SMALL.width, SMALL.height, tick), tick, 0))
            packets.append(made.get(timeout=10))
    finally:
        worker.stop()
        assert worker.join(10)
    keys = [packet.pts_ns / 1e9 for packet in packets if packet.is_key]
    gaps = [after - before for before, after in itertools.pairwise(keys)]
    assert len(gaps) >= 3
    assert max(gaps) <= GOP_SECONDS + every / FPS + 0.001
    assert min(gaps) >= GOP_SECONDS - 0.001


def test_canvases_that_waited_for_too_long_are_given_up_so_that_pictures_stay_with_the_sound() -> None:
    now, may_go_on, is_held = 0.0, threading.Event(), threading.Event()
    made: queue.SimpleQueue[Packet] = queue.SimpleQueue()

    def deliver(packet: Packet) -> None:
        made.put(packet)
        is_held.set()
        may_go_on.wait(10)

    worker = EncodeWorker(EncoderChoice(SMALL, "a test"), deliver, lambda: now)
    worker.start()
    assert worker.opened.wait(10)
    try:
        for tick in range(6):
            worker.offer(Composed(moving_picture(SMALL.width, SMALL.height, tick), tick, 0, is_cut=tick == 2))
            assert is_held.wait(10), "the encoder is held up from its first picture on"
        now = WAITING_S + 0.1
        worker.offer(Composed(moving_picture(SMALL.width, SMALL.height, 6), 6, 0))
        may_go_on.set()
    finally:
        worker.stop()
        assert worker.join(10)
    packets = [made.get_nowait() for _ in range(made.qsize())]
    assert [round(packet.pts_ns * FPS / 1e9) for packet in packets] == [0, 6]
    assert packets[-1].is_key, "what came in with the pictures that were given up is seen all the same"
    assert worker.dropped == 5
