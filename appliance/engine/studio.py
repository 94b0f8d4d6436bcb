"""The studio makes the Plan true: it compares what runs with what is wanted and changes only what differs.

Owns the pipeline, the console's inputs, the broadcast and the choice of encoder; all on the caller's thread. The
same plan again changes nothing. What cannot be changed while packets leave (the canvas's size and rate, the
encoder) waits for the end of the broadcast and says so.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import msgspec

from appliance.engine.broadcast import Broadcast, Encoders, waiting_report
from appliance.engine.callbacks import Callbacks
from appliance.engine.console import Console
from appliance.engine.encode.choose import LAST_RESORT
from appliance.engine.encode.chooser import Chooser
from appliance.engine.encode.steering import Steering
from appliance.engine.hardware.network import NetworkWatch
from appliance.engine.hardware.register import DeviceRegister
from appliance.engine.hardware.watch import HardwareWatch
from appliance.engine.jobs.export import Exporter
from appliance.engine.jobs.job_runner import Attempt, Facts, JobRunner
from appliance.engine.jobs.recordings import Mender, delete_recording, make_clip
from appliance.engine.jobs.uplink_test import Rules, measure_uplink
from appliance.engine.links.bitmaps import SlateWords
from appliance.engine.pipeline import Pipeline
from appliance.engine.sinks.rtmp.preflight import preflight
from appliance.engine.status import EncoderMeter, memory_mb
from appliance.engine.threads.worker import Worker
from appliance.model.plan import Clip, DeleteRecording, Export, Job, Plan, Preflight, UplinkTest
from appliance.model.problem import Problem
from appliance.model.report import CanvasReport, DestinationReport, EncoderReport, RecordReport, Report, SoundReport

log = logging.getLogger(__name__)

RETRY_S = 2.0
MOST_FINISHED = 4


class Studio:
    """Holds everything that runs. `apply` a plan, call `keep_up` often, ask for a `report`, `close` at the end."""

    def __init__(
        self,
        plan: Plan,
        callbacks: Callbacks,
        words: SlateWords | None = None,
        register: DeviceRegister | None = None,
    ) -> None:
        self._callbacks = callbacks
        self._register = register or DeviceRegister()
        self._hardware = HardwareWatch(self._register, callbacks.changed)
        self._hardware.start()
        self._words = words or SlateWords()
        self._plan = plan
        self._began = time.monotonic()
        self._pipeline = self._new_stage(plan)
        self._console = self._new_console(plan)
        self._broadcast: Broadcast | None = None
        self._chooser = Chooser(plan.encoder, plan.picture, callbacks.memory)
        self._chooser.start()
        self._finished: deque[DestinationReport] = deque(maxlen=MOST_FINISHED)
        self._meter = EncoderMeter()
        self._steering = Steering()
        self._network = NetworkWatch(callbacks.changed)
        self._network.start()
        self._broken_until = 0.0
        self._encoder_failure: Problem | None = None
        self._exporter = Exporter()
        self._spare_kbps: int | None = None
        self._job_runner = JobRunner(self._run_job, callbacks.changed)
        self._replay_until = 0.0
        self._menders: list[Worker] = []
        self._mend()

    def apply(self, plan: Plan) -> None:
        """Takes a new plan; returns as soon as the differences are under way."""
        before, self._plan = self._plan, plan
        if plan == before:
            return
        self._pipeline.follow(plan)  # before all that may take its time: privacy is wanted now
        if before.record.directory != plan.record.directory or (plan.record.enabled and not before.record.enabled):
            self._mend()
        self._pipeline.be_watched(plan)
        self._end_if_only_replay()
        self._change_canvas()
        self._console.follow(plan, self._pipeline, is_live=self._broadcast is not None and not self._broadcast.is_idle)
        self.keep_up()

    def keep_up(self) -> None:
        """Closes the gap between what is wanted and what runs: opens, starts, ends, retries."""
        self._job_runner.follow(self._plan.job_requests)
        self._notice_failed_encoder()
        replay_s = self._replay_seconds()
        plan = self._plan
        wanted = bool(plan.destinations) or plan.record.enabled or plan.keep_encoding or replay_s > 0
        if wanted and self._broadcast is None:
            self._open()
        broadcast = self._broadcast
        if broadcast is None:
            self._spare_kbps = 0 if plan.destinations else None
            return
        broadcast.publish_to(plan.destinations, plan.accepted)
        if self._network.take_news():
            broadcast.retry_now()
        broadcast.record_to(plan.record)
        broadcast.remember(replay_s)
        broadcast.show_packets(wanted=plan.packets_wanted)
        broadcast.let_go()
        self._chooser.note(broadcast.encode)
        opened = broadcast.encode.choice.settings.kbps
        wish = min(plan.encoder.bitrate_kbps, opened)
        publishing = broadcast.publishing
        broadcast.encode.set_bitrate(self._steering.steer(wish, publishing))
        self._spare_kbps = self._steering.spare_kbps(publishing) if publishing or not plan.destinations else 0
        if broadcast.is_idle and (not wanted or self._waits_for(broadcast)):
            broadcast.close()
            self._broadcast = None
            self._change_canvas()

    def show_words(self) -> None:
        """Gives the slate the newest words for its canvas."""
        width, height, _ = self._pipeline.shape
        self._pipeline.picture.set_words(self._words.layer_for(width, height))

    @property
    def workers(self) -> tuple[Worker, ...]:
        """All threads that must beat and must not have failed."""
        return (
            *self._pipeline.workers,
            *self._console.workers,
            self._network,
            self._hardware,
            self._chooser,
            *(self._broadcast.workers if self._broadcast else ()),
            *self._job_runner.fallen,
            *self._menders,
        )

    def report(self) -> Report:
        """What is going on now."""
        plan, pipeline, console = self._plan, self._pipeline, self._console
        counters = pipeline.picture.counters
        broadcast = self._broadcast
        return Report(
            at=time.time(),
            uptime_s=round(time.monotonic() - self._began, 1),
            signal=console.signal,
            facecam=console.facecam_signal,
            canvas=CanvasReport(
                composed=counters.composed,
                repeated=counters.repeated,
                slates=counters.slates,
                captured=console.captured,
                skipped=console.skipped,
            ),
            encoder=self._encoder_report(),
            sound=SoundReport(
                source=console.sound_name,
                levels_db=pipeline.mixer.levels_db,
                sources=pipeline.mixer.sources,
                sync_ms=round(pipeline.mixer.sync_ms, 2),
                problem=console.sound_problem,
            ),
            destinations=(
                broadcast.destination_reports(plan.destinations)
                if broadcast
                else tuple(waiting_report(destination) for destination in plan.destinations)
            ),
            finished=tuple(self._finished),
            record=broadcast.record_report() if broadcast else RecordReport(),
            problems=self._problems(),
            answers=self._job_runner.answers,
            capturing=console.node,
            devices=self._hardware.devices,
            sounds=self._hardware.sounds,
            disks=self._hardware.disks,
            memory_mb=memory_mb(),
            temperature_c=self._steering.condition.temperature_c,
        )

    def close(self) -> None:
        """Ends the broadcast cleanly, then everything else."""
        self._job_runner.close()
        self._network.stop()
        self._chooser.stop()
        self._hardware.stop()
        if self._broadcast is not None:
            self._broadcast.close()
            self._broadcast = None
        self._console.close()
        self._pipeline.close()

    def _run_job(self, job: Job, worker: Attempt) -> Facts:
        """Does what control asked for once; on the job's own thread."""
        record, broadcast = self._plan.record, self._broadcast
        match job:
            case Preflight(destination=destination):
                return preflight(destination, worker)
            case Clip(seconds=seconds):
                return make_clip(broadcast.replay if broadcast else None, seconds, record)
            case DeleteRecording(name=name):
                return delete_recording(record, name)
            case UplinkTest():
                return measure_uplink(job, worker, Rules(lambda: self._spare_kbps))
            case Export():
                return self._exporter.export(job, Path(record.directory), self._hardware.disks, worker)

    def _replay_seconds(self) -> int:
        """How much to keep for clips: as wished while there is a picture, and until the last of it is too old.

        Without a picture there is nothing to keep, and an encoder that runs all night warms the box for nobody.
        """
        rests = self._broadcast is None or self._broadcast.is_idle
        if rests and self._steering.condition.must_rest:
            return 0  # too hot to work for what nobody may ask for
        seconds = self._plan.replay.seconds
        if self._console.signal.has_picture:
            self._replay_until = time.monotonic() + seconds
        return seconds if time.monotonic() < self._replay_until else 0

    def _end_if_only_replay(self) -> None:
        """A new picture size or encoder need not wait for a ring of packets that nobody has asked for."""
        if self._broadcast is not None and self._broadcast.is_idle and self._waits_for(self._broadcast):
            self._broadcast.close()
            self._broadcast = None

    def _mend(self) -> None:
        """Saves what a power cut left on the disk, on a thread of its own."""
        self._menders = [mender for mender in self._menders if mender.alive]
        if self._plan.record.directory:
            self._menders.append(Mender(Path(self._plan.record.directory)))
            self._menders[-1].start()

    def _open(self) -> None:
        choice = self._chooser.choice
        if choice is None or time.monotonic() < self._broken_until:
            return
        self._encoder_failure = None
        self._meter = EncoderMeter()
        choice = replace(choice, settings=replace(choice.settings, kbps=self._plan.encoder.bitrate_kbps))
        encoders = Encoders(choice, self._plan.encoder.audio_kbps)
        self._broadcast = Broadcast(self._pipeline, encoders, self._finished, self._callbacks)

    def _notice_failed_encoder(self) -> None:
        broadcast = self._broadcast
        if broadcast is None or broadcast.encode.problem is None:
            return
        problem = broadcast.encode.problem
        log.warning("%s The broadcast is begun again with %s.", problem, LAST_RESORT)
        broadcast.close()
        self._broadcast = None
        failure = Problem(code=problem.code, text=str(problem), facts=problem.facts, since_at=time.time())
        self._encoder_failure = failure
        self._chooser = self._chooser.after_failure(broadcast.encode.choice.settings, failure)
        self._broken_until = time.monotonic() + RETRY_S

    def _change_canvas(self) -> None:
        """Follows the plan's picture: the look at once, everything else only while no packet leaves."""
        plan = self._plan
        if self._broadcast is None:
            if not self._pipeline.fits(plan.picture):
                self._console.close()
                self._pipeline.close()
                self._pipeline = self._new_stage(plan)
                self._console = self._new_console(plan)
            if not self._chooser.serves(plan.encoder, plan.picture):
                self._encoder_failure = None
                self._chooser.stop()
                self._chooser = Chooser(plan.encoder, plan.picture, self._callbacks.memory)
                self._chooser.start()

    def _new_stage(self, plan: Plan) -> Pipeline:
        pipeline = Pipeline(plan.picture, self._callbacks)
        pipeline.picture.set_words(self._words.layer_for(plan.picture.width, plan.picture.height))
        pipeline.follow(plan)
        pipeline.be_watched(plan)
        return pipeline

    def _new_console(self, plan: Plan) -> Console:
        return Console(plan, self._pipeline, self._register, self._callbacks.changed, is_live=False)

    def _problems(self) -> tuple[Problem, ...]:
        problems = [*self._steering.condition.problems, *self._pipeline.mixer.problems]
        encoder = self._encoder_problem()
        if encoder:
            problems.append(encoder)
        if self._broadcast is not None and not self._broadcast.is_idle and self._waits_for(self._broadcast):
            text = (
                "The new picture size, rate, encoder or higher bitrate is used after this broadcast; it cannot change "
                "while on air."
            )
            problems.append(Problem(code="after-live", text=text))
        return tuple(problems)

    def _waits_for(self, broadcast: Broadcast) -> bool:
        """Whether something in the plan cannot be had before this broadcast ends."""
        plan = self._plan
        return not (
            self._pipeline.fits(plan.picture)
            and self._chooser.serves(plan.encoder, plan.picture)
            and not self._chooser.betters(broadcast.encode.choice)
            # The rate control's ceiling is fixed when the encoder is opened.
            and plan.encoder.bitrate_kbps <= broadcast.encode.choice.settings.kbps
        )

    def _encoder_problem(self) -> Problem | None:
        """What is wrong with the encoder in use, or with the one that would be."""
        choice = self._broadcast.encode.choice if self._broadcast else self._chooser.choice
        return self._encoder_failure or (choice.problem if choice else None)

    def _encoder_report(self) -> EncoderReport:
        broadcast, choice = self._broadcast, self._chooser.choice
        if broadcast is None:
            if choice is None:
                return EncoderReport(why="choosing", problem=self._encoder_problem())
            settings = choice.settings
            return EncoderReport(
                name=settings.name,
                preset=settings.preset,
                why=choice.why,
                most_pixels_s=choice.most_pixels_s,
                problem=self._encoder_problem(),
            )
        return msgspec.structs.replace(
            self._meter.report(broadcast.encode, self._encoder_problem()), limited_by=self._steering.limited_by
        )
