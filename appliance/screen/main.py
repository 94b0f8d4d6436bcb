"""The screen's process: hears from control what to paint, paints it once, hands it to the engine. For ever.

One thread, two Unix sockets, no network. Nothing is painted again unless name, language or canvas changed; what was
painted is handed over again when the engine comes back.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from appliance.errors import Invalid, Unavailable
from appliance.model.protocol import JSON_FRAME, Unframer
from appliance.model.screen import ScreenPlan, unpack_screen
from appliance.screen.bitmap import Bitmap
from appliance.screen.handover import hand_over
from appliance.screen.reconnecting_socket import ReconnectingSocket
from appliance.system.notify import Notifier
from appliance.system.sockets import socket_path

log = logging.getLogger(__name__)

LOOK_S = 0.5


class Screen:
    """The loop between control, painter and engine. Raises `Unavailable` where there is no Pango."""

    def __init__(self, run_dir: Path) -> None:
        self._paint = _painter()
        self._control, self._engine = (
            ReconnectingSocket(socket_path(run_dir, purpose)) for purpose in ("screen", "layers")
        )
        self._unframer = Unframer()
        self._plan: ScreenPlan | None = None
        self._bitmap: Bitmap | None = None
        self._sequence = 0
        self._stopping = False
        self._notifier = Notifier(os.environ)

    def run(self) -> int:
        """Works until SIGTERM or SIGINT; returns the exit code."""
        bell, bell_end = socket.socketpair()
        bell.setblocking(False)
        bell_end.setblocking(False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        before = signal.set_wakeup_fd(bell_end.fileno())
        self._notifier.ready()
        try:
            while not self._stopping:
                self._notifier.alive()
                self._step(bell)
        finally:
            signal.set_wakeup_fd(before)
            for end in (self._control, self._engine, bell, bell_end, self._notifier):
                end.close()
        return 0

    def _step(self, bell: socket.socket) -> None:
        """Connects what is not connected, then waits for news, for half a second at most."""
        if self._control.connect():
            self._unframer = Unframer()
        if self._engine.connect():
            self._hand_over()
        peers = [line.peer for line in (self._control, self._engine) if line.peer is not None]
        readable, _, _ = select.select([bell, *peers], [], [], LOOK_S)
        if self._control.peer in readable:
            self._hear(self._control.read())
        if self._engine.peer in readable:
            self._engine.read()  # it says nothing; this is its end

    def _hear(self, data: bytes) -> None:
        try:
            for kind, body in self._unframer.feed(data):
                if kind == JSON_FRAME:
                    self._follow(unpack_screen(body))
        except Invalid as error:
            log.warning("%s", error)
            self._control.close()
            time.sleep(LOOK_S)  # it would say the same again at once

    def _follow(self, plan: ScreenPlan) -> None:
        if plan == self._plan:
            return
        self._plan = plan
        self._bitmap = self._paint(plan)
        self._hand_over()

    def _hand_over(self) -> None:
        if self._plan is None or self._bitmap is None or self._engine.peer is None:
            return
        self._sequence += 1
        try:
            hand_over(self._engine.peer, self._bitmap, self._plan, self._sequence)
        except OSError:
            self._engine.close()  # it is given everything again when it is back

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True


def _painter() -> Callable[[ScreenPlan], Bitmap | None]:
    """What paints a plan's words. Pango is found, or not, when its binding is imported."""
    try:
        from appliance.screen.painter import Painter
        from appliance.screen.slate import paint_words
    except (ImportError, OSError) as error:
        raise Unavailable(
            "no-painter",
            "The slate stays without words because Pango is missing. On Debian: apt install libpangocairo-1.0-0 "
            "fonts-inter fonts-noto-core fonts-noto-color-emoji.",
            reason=str(error).partition("\n")[0],
        ) from None
    painter = Painter()
    return lambda plan: paint_words(painter, plan)


def main(run_dir: Path) -> int:
    """The role `screen`. Raises `Unavailable` (code `no-painter`) where it can never work."""
    return Screen(run_dir).run()
