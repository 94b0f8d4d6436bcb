"""One encode and its sinks: opened for the first consumer, closed behind the last.

The encoder keeps its size, rate and identity from beginning to end; sinks come and go.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.engine.callbacks import Callbacks
from appliance.engine.encode.choose import EncoderChoice
from appliance.engine.encode.worker import EncodeWorker
from appliance.engine.fanout import FanOut
from appliance.engine.packet import StreamParams
from appliance.engine.pipeline import Pipeline
from appliance.engine.sinks.live_packets import LivePackets
from appliance.engine.sinks.record import Recorder, RecordTarget
from appliance.engine.sinks.replay import ReplayRing
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.publisher import Hooks, Publisher, PublisherStatus
from appliance.engine.sound.aac import AacEncoder
from appliance.engine.threads.worker import Worker
from appliance.errors import Invalid
from appliance.model.plan import Destination, RecordPlan
from appliance.model.problem import Problem
from appliance.model.report import DestinationReport, RecordReport

log = logging.getLogger(__name__)

END_LIMIT_S = 4.0


@dataclass(frozen=True, slots=True)
class Encoders:
    """What to encode with: the choice for the picture, kilobits a second for the sound."""

    choice: EncoderChoice
    audio_kbps: int


class Broadcast:
    """The encoders, the fan-out and the sinks on it. All calls come from the studio's thread.

    `params` is None until the encoder has opened; sinks can be had only then.
    """

    def __init__(
        self, pipeline: Pipeline, encoders: Encoders, finished: deque[DestinationReport], callbacks: Callbacks
    ) -> None:
        self._pipeline = pipeline
        self._callbacks = callbacks
        self._fan_out = FanOut()
        self._aac = AacEncoder(encoders.audio_kbps)
        self.encode = EncodeWorker(encoders.choice, self._fan_out.push)
        self.publishers: dict[Destination, Publisher] = {}
        self.wrong: dict[Destination, Invalid] = {}
        self.recorder: Recorder | None = None
        self.replay: ReplayRing | None = None
        self.packets: LivePackets | None = None
        self._record_plan: RecordPlan | None = None
        self._ending: list[Publisher | Recorder] = []
        self._endings: dict[Publisher, Destination] = {}
        self.finished: deque[DestinationReport] = finished
        self.began_at = time.monotonic()
        self._holds_clock = False
        self.encode.start()
        pipeline.mixer.set_consumer(self._aac, self._fan_out.push)
        pipeline.picture.encode_with(self.encode.offer)

    @property
    def params(self) -> StreamParams | None:
        """What sinks must know, once the encoder has opened."""
        video = self.encode.params
        return None if video is None else StreamParams(video, self._aac.params)

    @property
    def is_idle(self) -> bool:
        """Whether no packet leaves: no sink is left, nor one that is still ending.

        Neither the replay ring nor who watches on the panel counts.
        """
        return not (self.publishers or self.recorder or self._ending)

    @property
    def publishing(self) -> tuple[PublisherStatus, ...]:
        """What the publishers are doing."""
        return tuple(publisher.status() for publisher in self.publishers.values())

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads that must beat."""
        return (
            self.encode,
            *self.publishers.values(),
            *(one for one in (self.recorder, self.packets) if one is not None),
        )

    def publish_to(self, wanted: tuple[Destination, ...], accepted: tuple[str, ...] = ()) -> None:
        """Makes the publishers those of `wanted`: ends what is not in it, starts what is missing.

        `accepted` names those whose key a server has taken in this live.
        """
        for destination in [known for known in self.publishers if known not in wanted]:
            publisher = self.publishers.pop(destination)
            self._endings[publisher] = destination
            self._end(publisher)
        self.wrong = {destination: error for destination, error in self.wrong.items() if destination in wanted}
        params = self.params
        if params is None:
            return
        for destination in wanted:
            if destination not in self.publishers and destination not in self.wrong:
                self._start(destination, params, accepted=destination.name in accepted)

    def retry_now(self) -> None:
        """There may be a new way to the servers: whoever pauses tries at once. What a platform has ended stays so."""
        for publisher in self.publishers.values():
            if publisher.status().state in ("connecting", "waiting"):
                publisher.retry_now()

    def let_go(self) -> None:
        """Forgets the sinks that have ended."""
        for sink in [sink for sink in self._ending if not sink.alive]:
            self._ending.remove(sink)
            self._note_end(sink)
        if self.is_idle:
            self._hold_clock(held=False)

    def record_to(self, plan: RecordPlan) -> None:
        """Makes the recorder that of `plan`: none, the one there is, or a new one."""
        essence = msgspec.structs.replace(plan, title="", time_zone="")
        if self.recorder is not None and essence != self._record_plan:
            self._end(self.recorder)
            self.recorder = None
        if self.recorder is not None and plan.title:
            self.recorder.title = plan.title
        if self.recorder is not None:
            self.recorder.time_zone = plan.time_zone
        params = self.params
        if plan.enabled and self.recorder is None and params is not None:
            self._hold_clock(held=True)
            self._record_plan = essence
            target = RecordTarget(Path(plan.directory), plan.keep_free_mb, plan.when_full)
            self.recorder = Recorder(target, params, plan.title)
            self.recorder.time_zone = plan.time_zone
            self._fan_out.attach(self.recorder)
            self.recorder.start()
            self.encode.request_key()

    def remember(self, seconds: int) -> None:
        """Keeps the last `seconds` for clips; 0 for none."""
        if self.replay is not None and not seconds:
            self._fan_out.detach(self.replay)
            self.replay = None
        elif self.replay is not None:
            self.replay.seconds = seconds
        elif seconds and (params := self.params) is not None:
            self.replay = ReplayRing(seconds, params)
            self._fan_out.attach(self.replay)
            self.encode.request_key()

    def show_packets(self, *, wanted: bool) -> None:
        """Gives the very packets that go out to whoever watches them, or to nobody."""
        if self.packets is not None and not wanted:
            self._fan_out.detach(self.packets)
            self.packets.stop()
            if not self.packets.join(END_LIMIT_S):
                log.warning("%s did not end in time.", self.packets.name)
            self.packets = None
        elif wanted and self.packets is None and (params := self.params) is not None:
            self.packets = LivePackets(params, self._callbacks.packets)
            self.packets.start()
            self._fan_out.attach(self.packets)
            self.encode.request_key()

    def destination_reports(self, wanted: tuple[Destination, ...]) -> tuple[DestinationReport, ...]:
        """One report for each wanted destination, in their order."""
        return tuple(self._destination_report(destination) for destination in wanted)

    def record_report(self) -> RecordReport:
        """What the recorder is doing."""
        recorder = self.recorder
        if recorder is None:
            return RecordReport()
        problem = recorder.problem
        return RecordReport(
            state=recorder.state,
            file=recorder.file,
            written_s=round(recorder.written_s, 1),
            free_mb=recorder.free_mb,
            problem=None if problem is None else Problem(code=problem.code, text=str(problem), facts=problem.facts),
        )

    def close(self) -> None:
        """Ends the encoder, then the sinks, so that nothing of the tail is lost; takes seconds at most."""
        self._pipeline.picture.encode_with(None)
        self._pipeline.mixer.set_consumer(None, None)
        self.encode.stop()
        self.encode.join(END_LIMIT_S)
        self.publish_to(())
        self.record_to(RecordPlan())
        self.remember(0)
        self.show_packets(wanted=False)
        sinks = list(self._ending)
        for sink in sinks:
            if not sink.join(END_LIMIT_S):
                log.warning("%s did not end in time.", sink.name)
            self._note_end(sink)
        self._ending.clear()
        self._hold_clock(held=False)

    def _hold_clock(self, *, held: bool) -> None:
        """While packets leave, the clock may only slew; a ring alone does not hold it."""
        if held != self._holds_clock:
            self._holds_clock = held
            self._pipeline.frames.allow_jump(allowed=not held)

    def _start(self, destination: Destination, params: StreamParams, *, accepted: bool) -> None:
        try:
            target = Target.parse(destination.name, destination.server, destination.key, destination.ca_file)
        except Invalid as error:
            self.wrong[destination] = error
            return
        hooks = Hooks(self.encode.request_key, self._callbacks.changed)
        publisher = Publisher(target, params, hooks, accepted=accepted)
        self.publishers[destination] = publisher
        self._hold_clock(held=True)
        self._fan_out.attach(publisher)
        publisher.start()

    def _end(self, sink: Publisher | Recorder) -> None:
        self._fan_out.detach(sink)
        sink.stop()
        self._ending.append(sink)

    def _note_end(self, sink: Publisher | Recorder) -> None:
        if isinstance(sink, Publisher):
            self.finished.append(_report_of(self._endings.pop(sink), sink))

    def _destination_report(self, destination: Destination) -> DestinationReport:
        wrong = self.wrong.get(destination)
        if wrong is not None:
            problem = Problem(code=wrong.code, text=str(wrong), facts=wrong.facts)
            return DestinationReport(
                name=destination.name, session=destination.session, state="refused", problem=problem
            )
        publisher = self.publishers.get(destination)
        if publisher is None:
            return waiting_report(destination)
        return _report_of(destination, publisher)


def _report_of(destination: Destination, publisher: Publisher) -> DestinationReport:
    status = publisher.status()
    return DestinationReport(
        name=destination.name,
        session=destination.session,
        state=status.state,
        fps=round(status.fps, 1),
        kbps=status.kbps,
        backlog_ms=status.backlog_ms,
        attempts=status.attempts,
        sent_frames=status.sent_video,
        dropped_frames=status.dropped_video,
        connected_s=round(status.connected_s, 1),
        retry_in_s=round(status.retry_in_s, 1) if status.retry_in_s != float("inf") else 0.0,
        accepted=status.accepted,
        needs_key=status.needs_key,
        problem=status.problem,
    )


def waiting_report(destination: Destination) -> DestinationReport:
    """A destination that waits for the encoder to open."""
    return DestinationReport(name=destination.name, session=destination.session, state="connecting")
