"""The trial encode: `python -m appliance.engine.encode.trial NAME PRESET WIDTH HEIGHT FPS KBPS` in a child process.

Encodes a second of a known picture, decodes it again and compares, because drivers exist that accept every
setting and deliver garbage. Where the clock is too coarse to tell how long a frame took, it goes on for longer. Prints
one JSON object: {"failure": null | "why", "ms": per frame, 0 where the clock could not tell at all}.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import av
import numpy as np

from appliance.engine.encode.choose import TAKES
from appliance.engine.encode.libav import EncodedVideo, VideoEncoder, VideoSettings
from appliance.engine.encode.trial_picture import moving_picture
from appliance.errors import Unavailable

FRAMES = 30
COLD_FRAMES = 2
"""The first are an IDR and cold caches; the rest is what a broadcast is made of."""
MOST_FRAMES, MOST_STANDING_FRAMES = 480, 120
"""How far to go with a clock that is coarse, and with one that has not moved at all."""
TELLING_STEPS = 20
"""So many steps of a coarse clock are told apart with an error of a twentieth."""
WORST_ERROR = 12.0


def run(settings: VideoSettings, clock: Callable[[], float] = time.perf_counter) -> dict[str, object]:
    """What came of encoding with `settings`: mean absolute luma error above 12 of 255 counts as garbage."""
    encoder = VideoEncoder(settings)
    sent = [moving_picture(settings.width, settings.height, tick) for tick in range(FRAMES)]
    packets: list[EncodedVideo] = []
    times: list[float] = []
    frame_s = None
    while frame_s is None and len(times) < (MOST_FRAMES if any(times) else MOST_STANDING_FRAMES):
        for tick in range(len(times), 2 * len(times) or FRAMES):
            begin = clock()
            packets += encoder.encode(sent[tick % FRAMES], tick, key=False)
            times.append(clock() - begin)
        frame_s = frame_time_s(times[COLD_FRAMES:])
    packets += encoder.flush()
    return {"failure": _judge(encoder, packets, sent), "ms": round((frame_s or 0.0) * 1000, 2)}


def frame_time_s(times: list[float]) -> float | None:
    """What a frame takes, by how long each of some took; None when the clock has not told yet."""
    told = [took for took in times if took > 0]
    if len(told) == len(times):
        return median(times)
    total = sum(told)
    return total / len(times) if total and total >= TELLING_STEPS * min(told) else None


def _judge(encoder: VideoEncoder, packets: list[EncodedVideo], sent: list[av.VideoFrame]) -> str | None:
    params = encoder.params
    if params is None:
        return "it sends no parameter sets"
    if not packets or not packets[0].is_key:
        return "it does not begin with a key frame"
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = params.avcc
    shown = [picture for packet in packets for picture in decoder.decode(av.Packet(packet.data))]
    shown += decoder.decode(None)
    if len(shown) != len(packets) or len(shown) < len(sent):
        return f"of {max(len(sent), len(packets))} frames {len(shown)} came back"
    for before, after in zip(sent, shown, strict=False):
        error = np.abs(_luma(before).astype(np.int16) - _luma(after)).mean()
        if error > WORST_ERROR:
            return f"the picture that comes back is wrong by {error:.0f} of 255"
    return None


def _luma(picture: av.VideoFrame) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    plane = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.planes[0].line_size)
    return plane[: picture.height, : picture.width]


def main() -> None:
    """Runs one trial from the command line."""
    name, preset, *numbers = sys.argv[1:]
    width, height, fps, kbps = map(int, numbers)
    try:
        answer = run(VideoSettings(name, preset, width, height, fps, kbps, TAKES.get(name, "yuv420p")))
    except Unavailable as failure:
        answer = {"failure": str(failure).rstrip("."), "ms": 0}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
