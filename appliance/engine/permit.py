"""What the engine lets a Plan name: the forms that anybody may choose, and exactly what the owner's box.toml names.

A Plan comes from control, and control speaks with the whole house. So the engine has read box.toml itself, when it
started, and whatever else a Plan names is put back to what is harmless, and said. Pure.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

import msgspec

from appliance.model.config import Config
from appliance.model.names import H264_ENCODERS, is_anybodys
from appliance.model.plan import (
    CapturePlan,
    Destination,
    EncoderPlan,
    JobRequest,
    Plan,
    Preflight,
    RecordPlan,
    UplinkTest,
)
from appliance.model.problem import Problem
from appliance.model.report import JobAnswer
from appliance.model.text import legible

_LONGEST_SHOWN = 100
_ONLY_THE_OWNERS = frozenset({"uplink.test-url", "record.directory", "ca-file"})


class Permitted(NamedTuple):
    """The plan without what it may not name, what is to be said about that, and answers to what will not be done."""

    plan: Plan
    problems: tuple[Problem, ...]
    answers: tuple[JobAnswer, ...]


class Permit:
    """Checks plans. `own` is the owner's Config, without anything that was set on the panel."""

    def __init__(self, own: Config) -> None:
        self._own = {
            "capture.device": {own.capture.device},
            "capture.audio": {own.capture.audio},
            "audio.microphone": {own.audio.microphone},
            "facecam.device": {own.facecam.device},
            "encoder.name": {own.encoder.name},
            "uplink.test-url": {own.uplink.test_url},
            "record.directory": {"", str(PurePath(own.record.directory or PurePath(own.state_dir, "recordings")))},
            "ca-file": {"", *(destination.ca_file for destination in own.destination.values())},
        }

    def permitted(self, plan: Plan) -> Permitted:
        """Puts back what the plan may not name."""
        refused: dict[str, str] = {}
        replace = msgspec.structs.replace
        asked = [self._asked(request, refused) for request in plan.job_requests]
        microphone = self._allowed("audio.microphone", plan.sound.microphone, "none", refused)
        checked = replace(
            plan,
            capture=self._capture(plan.capture, refused),
            sound=replace(plan.sound, microphone=microphone),
            encoder=self._encoder(plan.encoder, refused),
            destinations=tuple(self._destination(one, refused) for one in plan.destinations),
            record=self._record(plan.record, refused),
            job_requests=tuple(one for one in asked if isinstance(one, JobRequest)),
        )
        problems = tuple(_problem(path, name) for path, name in refused.items())
        return Permitted(checked, problems, tuple(one for one in asked if isinstance(one, JobAnswer)))

    def _allowed(self, path: str, name: str, instead: str, refused: dict[str, str]) -> str:
        if name in self._own[path] or (path not in _ONLY_THE_OWNERS and is_anybodys(path, name)):
            return name
        refused[path] = name
        return instead

    def _capture(self, plan: CapturePlan, refused: dict[str, str]) -> CapturePlan:
        return msgspec.structs.replace(
            plan,
            device=self._allowed("capture.device", plan.device, "auto", refused),
            audio=self._allowed("capture.audio", plan.audio, "none", refused),
            facecam=self._allowed("facecam.device", plan.facecam, "none", refused),
        )

    def _encoder(self, plan: EncoderPlan, refused: dict[str, str]) -> EncoderPlan:
        return msgspec.structs.replace(
            plan,
            name=self._allowed("encoder.name", plan.name, "auto", refused),
            order=tuple(name for name in plan.order if name in H264_ENCODERS),
        )

    def _destination(self, destination: Destination, refused: dict[str, str]) -> Destination:
        # Without its own authority a server is trusted less, not more.
        file = self._allowed("ca-file", destination.ca_file, "", refused)
        return msgspec.structs.replace(destination, ca_file=file)

    def _record(self, plan: RecordPlan, refused: dict[str, str]) -> RecordPlan:
        directory = self._allowed("record.directory", plan.directory, "", refused)
        return msgspec.structs.replace(plan, directory=directory, enabled=plan.enabled and bool(directory))

    def _asked(self, request: JobRequest, refused: dict[str, str]) -> JobRequest | JobAnswer:
        match request.job:
            case UplinkTest(url=url) if not self._allowed("uplink.test-url", url, "", refused):
                return JobAnswer(id=request.id, state="failed", problem=_problem("uplink.test-url", url))
            case Preflight(destination=destination):
                job = Preflight(destination=self._destination(destination, refused))
                return msgspec.structs.replace(request, job=job)
        return request


def _problem(path: str, name: str) -> Problem:
    shown = legible(name, _LONGEST_SHOWN)
    return Problem(
        code="name-refused",
        text=f'The engine does not open "{shown}" ({path}): only box.toml may name it. Choose from the list on the '
        "panel, or write it in box.toml and restart Plugcast.",
        facts={"path": path, "name": shown},
    )
