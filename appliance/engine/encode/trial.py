"""The trial encode: `python -m appliance.engine.encode.trial NAME PRESET WIDTH HEIGHT FPS KBPS` in a child process.

Encodes a second of a known picture, decodes it again and compares, because drivers exist that accept every
setting and deliver garbage. Prints one JSON object: {"failure": null | "why", "ms": per frame}.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median

import av
import numpy as np

from appliance.engine.encode.choose import TAKES
from appliance.engine.encode.libav import EncodedVideo, VideoEncoder, VideoSettings
from appliance.engine.encode.picture import moving_picture
from appliance.errors import Unavailable

FRAMES = 30
WORST_ERROR = 12.0


def run(settings: VideoSettings) -> dict[str, object]:
    """What came of encoding with `settings`: mean absolute luma error above 12 of 255 counts as garbage."""
    encoder = VideoEncoder(settings)
    sent = [moving_picture(settings.width, settings.height, tick) for tick in range(FRAMES)]
    packets: list[EncodedVideo] = []
    times: list[float] = []
    for tick, canvas in enumerate(sent):
        begin = time.perf_counter()
        packets += encoder.encode(canvas, tick, key=False)
        times.append(time.perf_counter() - begin)
    packets += encoder.flush()
    # The first frames are an IDR and cold caches; the rest is what a broadcast is made of.
    return {"failure": _judge(encoder, packets, sent), "ms": round(median(times[2:]) * 1000, 2)}


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
    if len(shown) != len(sent):
        return f"of {len(sent)} frames {len(shown)} came back"
    for before, after in zip(sent, shown, strict=True):
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
