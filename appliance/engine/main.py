"""The engine's process: a link to control, a studio, a report four times a second, and a clean end.

The systemd watchdog is fed only while every thread beats, and told at once of one that hangs. A thread that died of a
bug ends the process, because the supervisor's fresh one is better than a half-dead old one.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import time
from pathlib import Path
from types import FrameType

import msgspec

from appliance import __version__
from appliance.engine.callbacks import Callbacks
from appliance.engine.canvas.pool import keep_heap
from appliance.engine.encode.choice_memory import ChoiceMemory
from appliance.engine.hardware.devices import encoders
from appliance.engine.hardware.register import DeviceRegister
from appliance.engine.links.bitmaps import Bitmap, SlateWords
from appliance.engine.links.control_link import Link
from appliance.engine.links.layers_link import LayersLink
from appliance.engine.permit import Permit
from appliance.engine.studio import Studio
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.watchdog import Vigil
from appliance.errors import Unavailable
from appliance.hardware.catalogue import board_name
from appliance.model.config import Config
from appliance.model.plan import Plan
from appliance.model.problem import Problem
from appliance.model.protocol import Hello, MetersMessage, PlanMessage, ReportMessage, pack
from appliance.model.report import JobAnswer, Report
from appliance.system.notify import Notifier
from appliance.system.sockets import socket_path, user_of

log = logging.getLogger(__name__)

REPORT_S = 0.25
SOON_S = 0.02

type News = Plan | None


class Engine:
    """The main thread: takes plans from the link, keeps the studio up with them, reports."""

    def __init__(self, run_dir: Path, own: Config) -> None:
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._stopping = False
        self._stuck = ""
        engine, layers = (socket_path(run_dir, purpose) for purpose in ("engine", "layers"))
        self._link = Link(engine, self._hello, self._on_plan, user_of("control"))
        self._layers = LayersLink(layers, self._on_bitmap, user_of("screen"))
        self._register = DeviceRegister()
        self._handed: Mailbox[Bitmap] = Mailbox()
        self._words = SlateWords()
        self._studio: Studio | None = None
        self._permit = Permit(own)
        self._refused: tuple[Problem, ...] = ()
        self._not_done: tuple[JobAnswer, ...] = ()
        self._memory = ChoiceMemory(engine.with_name("encoder.json"))
        self._notifier = Notifier(os.environ)
        self._vigil = Vigil()

    def run(self) -> int:
        """Works until SIGTERM or SIGINT; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._link.start()
        self._layers.start()
        self._notifier.ready()
        code = 0
        try:
            code = self._serve()
        finally:
            log.info("The engine ends.")
            if self._studio is not None:
                self._studio.close()
                self._link.send(pack(ReportMessage(report=self._said(self._studio))))
            for door in (self._layers, self._link):
                door.stop()
                door.join(2.0)
        return code

    def _serve(self) -> int:
        next_report = 0.0
        while not self._stopping:
            now = time.monotonic()
            try:
                news = self._news.get(timeout=max(0.0, min(next_report - now, REPORT_S)))
            except queue.Empty:
                news = None
            else:
                # Something happened: a report follows soon, together with whatever happens right after.
                next_report = min(next_report, time.monotonic() + SOON_S)
            if news is not None:
                self._follow(news)
            self._take_words(self._handed.take(0))
            if self._stopping or time.monotonic() < next_report:
                continue
            next_report = time.monotonic() + REPORT_S
            if self._studio is None:
                # Without control there is nothing to do yet, which is no reason to be taken for dead.
                self._notifier.alive()
                continue
            self._studio.keep_up()
            if self._failed(self._studio):
                return 1
            self._report(self._studio)
        return 0

    def _follow(self, stated: Plan) -> None:
        plan, refused, self._not_done = self._permit.permitted(stated)
        if refused != self._refused:
            self._refused = refused
            for problem in refused:
                log.warning("%s", problem.text)
        if self._studio is None:
            link = self._link
            callbacks = Callbacks(
                preview=link.send_preview,
                changed=lambda: self._news.put(None),
                memory=self._memory,
                look=link.send_look,
                packets=link.send_packets,
                meters=lambda levels, sources: link.send_meters(pack(MetersMessage(levels_db=levels, sources=sources))),
            )
            self._studio = Studio(plan, callbacks, self._words, self._register)
        else:
            self._studio.apply(plan)

    def _take_words(self, bitmap: Bitmap | None) -> None:
        if bitmap is None:
            return
        self._words.put(bitmap)
        if self._studio is not None:
            self._studio.show_words()

    def _report(self, studio: Studio) -> None:
        late = self._vigil.stuck((*studio.workers, self._link, self._layers), time.monotonic_ns())
        if late:
            self._notifier.stuck()
        else:
            self._notifier.alive()
        if late and late != self._stuck:
            log.warning("The thread %s is stuck.", late)
        self._stuck = late
        self._link.send(pack(ReportMessage(report=self._said(studio))))

    def _said(self, studio: Studio) -> Report:
        report = studio.report()
        return msgspec.structs.replace(
            report, problems=(*self._refused, *report.problems), answers=(*self._not_done, *report.answers)
        )

    def _failed(self, studio: Studio) -> bool:
        for worker in (*studio.workers, self._link, self._layers):
            if worker.failure is not None:
                log.error(
                    "The engine ends because its thread %s failed (%s: %s); this is a bug in Plugcast.",
                    worker.name,
                    type(worker.failure).__name__,
                    worker.failure,
                )
                return True
        return False

    def _hello(self) -> bytes:
        hello = Hello(
            version=__version__,
            pid=os.getpid(),
            board=board_name(),
            devices=self._register.devices(),
            encoders=encoders(),
        )
        return pack(hello)

    def _on_plan(self, message: PlanMessage) -> None:
        self._news.put(message.plan)

    def _on_bitmap(self, bitmap: Bitmap) -> None:
        # The newest is enough, and a painter gone mad must not fill our memory.
        if self._handed.put(bitmap) is None:
            self._news.put(None)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
        self._news.put(None)


def main(own: Config) -> int:
    """Runs the engine. What it does comes by Plan; `own` is the owner's Config, which says what a Plan may name.

    Raises `Unavailable` when it cannot start.
    """
    keep_heap()
    try:
        return Engine(Path(own.run_dir), own).run()
    except Unavailable as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for people, not a traceback
        return 1
