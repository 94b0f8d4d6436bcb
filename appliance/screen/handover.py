"""Bitmaps to the engine: sealed shared memory beside a message on its socket. Owns no connection."""

from __future__ import annotations

import fcntl
import os
import socket

from appliance.model.protocol import BitmapMessage, pack
from appliance.model.screen import ScreenPlan
from appliance.screen.bitmap import Bitmap

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def hand_over(engine: socket.socket, bitmap: Bitmap, plan: ScreenPlan, sequence: int) -> None:
    """Gives the engine the slate's words for the canvas of `plan`. Raises OSError when it is gone."""
    message = BitmapMessage(
        slot="slate-words",
        sequence=sequence,
        canvas_width=plan.width,
        canvas_height=plan.height,
        x=bitmap.x,
        y=bitmap.y,
        width=bitmap.width,
        height=bitmap.height,
    )
    descriptor = sealed(bitmap.pixels)
    try:
        packed = pack(message)
        sent = socket.send_fds(engine, [packed], [descriptor])
        engine.sendall(packed[sent:])
    finally:
        os.close(descriptor)


def sealed(pixels: bytes) -> int:
    """A new memfd with these bytes that nobody can change or resize any more."""
    descriptor = os.memfd_create("plugcast-bitmap", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        left = memoryview(pixels)
        while left:
            left = left[os.write(descriptor, left) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
