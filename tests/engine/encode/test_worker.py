"""The encoding thread: where key frames come when not every canvas is made."""

from __future__ import annotations

import itertools
import queue

import pytest

from appliance.engine.encode.choose import Choice
from appliance.engine.encode.libav import GOP_SECONDS, VideoSettings
from appliance.engine.encode.picture import moving_picture
from appliance.engine.encode.worker import Composed, EncodeWorker
from appliance.engine.packet import Packet

FPS = 30
SMALL = VideoSettings("libx264", "ultrafast", 96, 96, FPS, 300)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_key_frames_come_every_two_seconds_however_many_canvases_are_made(every: int) -> None:
    made: queue.SimpleQueue[Packet] = queue.SimpleQueue()
    worker = EncodeWorker(Choice(SMALL, "a test"), made.put)
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
