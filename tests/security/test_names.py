"""Names that a library or the kernel interprets: only the owner's box.toml may name what it likes.

Each attack must fail, and succeed once its guard is taken away.
"""

from __future__ import annotations

import ctypes.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.control import panel_settings
from appliance.engine.hardware.sound import sound_devices
from appliance.engine.inputs.alsa import AlsaSource, SoundRequest
from appliance.engine.permit import Permit
from appliance.model import names
from appliance.model.config import CaptureConfig, Config, DestinationConfig, RecordConfig
from appliance.model.plan import (
    CapturePlan,
    Destination,
    EncoderPlan,
    Job,
    JobRequest,
    PicturePlan,
    Plan,
    Preflight,
    RecordPlan,
    SoundPlan,
    UplinkTest,
)
from appliance.model.protocol import JSON_FRAME, PlanMessage, ReportMessage, Unframer, pack, unpack_from_engine
from appliance.model.report import Report
from appliance.settings import checks, layers, panel_file
from appliance.system.sockets import socket_path
from tests.control.whole_control import Box, box, place, run, setting

__all__ = ["place"]

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
SOUNDS = (
    "file:'|touch /tmp/x',raw", "tee:null,/tmp/x,raw", "tee:hw:0,'|id',raw", "{type file file \"|id\" slave.pcm null}",
    "plug:{SLAVE=\"file:'|id'\"}", "hw:0,0\n", "hw:CARD=a$b", "hw:{a}", "plughw:CARD=\"x\",DEV=0", "default", "null",
    "shm:/tmp/x", "dsnoop", "hw:", "hw:0,0,0,0", " hw:0", "HW:0", "hw:CARD=x,FILE=y", "dmix:'a'", "plug:hw:0",
)  # fmt: skip
NODES = (
    "/dev/watchdog", "/dev/video0/../watchdog", "/dev/video", "/dev/videoX", "/dev/v4l/by-id/../../watchdog",
    "/dev/v4l/by-id/..", "/dev/tty", "/dev/dri/card0", "/dev/video0\n", "video0", "//dev/video0", "/dev/v4l/by-id/a/b",
)  # fmt: skip
FOREIGN = [
    *(("audio.microphone", name) for name in SOUNDS),
    *(("capture.audio", name) for name in SOUNDS),
    *(("capture.device", name) for name in NODES),
    *(("facecam.device", name) for name in NODES),
    *(("screen.card", name) for name in ("/dev/watchdog", "/dev/dri/../watchdog", "/dev/dri/card", "/dev/dri/D1")),
    *(("encoder.name", name) for name in ("libx265", "rawvideo", "", "h264_omx", "libx264\n")),
]  # fmt: skip
ANYBODYS = [
    *(
        (path, name)
        for path in ("audio.microphone", "capture.audio")
        for name in (
            "auto", "none", "test", "hw:0", "hw:1,0", "hw:Loopback,1,0", "plughw:1,0", "hw:CARD=Video,DEV=0",
            "plughw:CARD=Video,DEV=0", "hw:CARD=tc358743", "hw:CARD=Loopback,DEV=1,SUBDEV=0",
        )
    ),
    *(
        (path, name)
        for path in ("capture.device", "facecam.device")
        for name in ("auto", "test", "/dev/video0", "/dev/video12", "/dev/v4l/by-id/usb-MS_USB3._Video-index0")
    ),
    ("capture.device", "test:1280x720@60"), ("facecam.device", "csi"), ("screen.card", "/dev/dri/card1"),
    ("encoder.name", "h264_v4l2m2m"), ("picture.look", "full"),
]  # fmt: skip
OWN = Config(
    state_dir="/srv/box",
    capture=CaptureConfig(device="/dev/hdmi", audio="boxes_input"),
    destination={"tiktok": DestinationConfig(ca_file="/etc/house.pem")},
)


def server(ca_file: str = "") -> Destination:
    return Destination(name="tiktok", server="rtmps://a/b", key="c", ca_file=ca_file)


def asked(job: Job) -> JobRequest:
    return JobRequest(id="1", job=job, until=0)


@pytest.mark.parametrize(("path", "name"), FOREIGN)
def test_a_foreign_name_is_no_panel_s_and_no_plan_s(path: str, name: str) -> None:
    assert not names.is_anybodys(path, name)


@pytest.mark.parametrize(("path", "name"), ANYBODYS)
def test_a_name_of_a_device_is_anybody_s(path: str, name: str) -> None:
    assert names.is_anybodys(path, name)
    assert checks.check_setting(path, name) == name


@GUARD
def test_a_sound_input_that_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """The engine is given a Plan by a control that somebody has taken over."""
    if ctypes.util.find_library("asound") is None:
        pytest.skip("ALSA's library is not installed (Debian: libasound2)")
    if not is_guarded:
        monkeypatch.setattr(Permit, "permitted", lambda _self, plan: (plan, (), ()))
    sign = tmp_path / "sign"
    stated = Plan(sound=SoundPlan(microphone=f"file:'|touch {sign}',raw"))
    plan, problems, _ = Permit(Config()).permitted(stated)
    source = AlsaSource(SoundRequest(plan.sound.microphone), lambda block: None, lambda signal: source.stop())
    source.start()
    try:
        if is_guarded:
            assert source.join(10)
            assert [(p.code, p.facts["path"]) for p in problems] == [("name-refused", "audio.microphone")]
        else:
            end = time.monotonic() + 10
            while not sign.exists() and time.monotonic() < end:
                time.sleep(0.01)
        assert sign.exists() is not is_guarded
    finally:
        source.stop()
        assert source.join(10)


@GUARD
@pytest.mark.parametrize("way", ["set-setting", "restore-settings", "panel.toml"])
def test_it_does_not_come_by_the_panel(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, way: str
) -> None:
    command = "file:'|id',raw"
    if not is_guarded:
        for room in (panel_settings, panel_file):
            monkeypatch.setattr(room, "must_be_panels", lambda path, value: None)
    if way == "panel.toml":
        (place / "state").mkdir()
        (place / "state" / "panel.toml").write_text(f'audio.microphone = "{command}"\npicture.look = "full"\n')

    async def test() -> None:
        async with box(place) as it:
            await attack(it)
            row = await setting(it, "audio.microphone")
            assert row["value"] == ("none" if is_guarded else command)

    async def attack(it: Box) -> None:
        orders: dict[str, dict[str, Any]] = {
            "set-setting": {"path": "audio.microphone", "value": command},
            "restore-settings": {"text": f'audio.microphone = "{command}"\n'},
        }
        if way in orders:
            status, answer = await it.do({"do": way, **orders[way]})
            assert status == (422 if is_guarded else 200)
            if is_guarded:
                assert answer["text"].startswith('audio.microphone: must be "auto", "none", "test" or a sound card')
        else:
            assert (await setting(it, "picture.look"))["value"] == "full"
            _, state = await it.get("/api/state")
            told = {(problem["code"], problem["facts"].get("path")) for problem in state["problems"]}
            assert (("setting-owners", "audio.microphone") in told) is is_guarded

    run(test)


def test_what_guards_the_box_is_not_taken_from_panel_toml_either(tmp_path: Path) -> None:
    (tmp_path / "panel.toml").write_text('run-dir = "/tmp/x"\ndestination.tiktok.key-file = "/etc/shadow"\n')
    (tmp_path / "box.toml").write_text(f'state-dir = "{tmp_path}"\nrun-dir = "/run/y"\n[capture]\naudio = "boxes"\n')
    loaded = layers.load(tmp_path / "box.toml")
    assert (loaded.config.run_dir, loaded.config.destination["tiktok"].key_file) == ("/run/y", "")
    assert [note.code for note in loaded.notes] == ["setting-owners"] * 2
    assert loaded.owners.capture.audio == "boxes"


def test_what_was_set_on_the_panel_is_not_the_owner_s(tmp_path: Path) -> None:
    (tmp_path / "panel.toml").write_text('capture.audio = "hw:3,0"\n')
    (tmp_path / "box.toml").write_text(f'state-dir = "{tmp_path}"\n')
    loaded = layers.load(tmp_path / "box.toml")
    assert (loaded.config.capture.audio, loaded.owners.capture.audio) == ("hw:3,0", "auto")


@pytest.mark.parametrize(
    ("path", "plan", "left"),
    [
        ("capture.device", Plan(capture=CapturePlan(device="/dev/watchdog")), Plan()),
        ("capture.audio", Plan(capture=CapturePlan(audio="tee:null,/x,raw")), Plan(capture=CapturePlan(audio="none"))),
        ("facecam.device", Plan(capture=CapturePlan(facecam="/dev/hdmi")), Plan()),
        ("audio.microphone", Plan(sound=SoundPlan(microphone="boxes_input")), Plan()),
        ("encoder.name", Plan(encoder=EncoderPlan(name="libx265")), Plan()),
        ("record.directory", Plan(record=RecordPlan(enabled=True, directory="/etc")), Plan()),
        (
            "ca-file",
            Plan(destinations=(server(ca_file="/proc/self/fd/0"),)),
            Plan(destinations=(server(),)),
        ),
        (
            "ca-file",
            Plan(job_requests=(asked(Preflight(destination=server(ca_file="/x"))),)),
            Plan(job_requests=(asked(Preflight(destination=server())),)),
        ),
        ("uplink.test-url", Plan(job_requests=(asked(UplinkTest(url="http://10.0.0.1/")),)), Plan()),
    ],
)
def test_the_engine_puts_back_what_a_plan_may_not_name(path: str, plan: Plan, left: Plan) -> None:
    permitted, problems, answers = Permit(OWN).permitted(plan)
    assert permitted == left
    assert [problem.facts["path"] for problem in problems] == [path]
    answered = {request.id for request in permitted.job_requests} | {
        answer.id for answer in answers if answer.problem in problems
    }
    assert answered == {request.id for request in plan.job_requests}, "whoever asks is told"
    assert "box.toml" in problems[0].text


def test_the_engine_takes_what_its_own_box_toml_names() -> None:
    to = server(ca_file="/etc/house.pem")
    plan = Plan(
        capture=CapturePlan(device="/dev/hdmi", audio="boxes_input"),
        sound=SoundPlan(microphone="plughw:CARD=Mic,DEV=0"),
        encoder=EncoderPlan(order=("h264_v4l2m2m", "libx264")),
        destinations=(to,),
        record=RecordPlan(enabled=True, directory="/srv/box/recordings"),
        job_requests=(asked(UplinkTest(url=OWN.uplink.test_url)), asked(Preflight(destination=to))),
    )
    assert Permit(OWN).permitted(plan) == (plan, (), ())
    elsewhere = msgspec.structs.replace(OWN, record=RecordConfig(directory="/media//disk/"))
    recorded = Plan(record=RecordPlan(enabled=True, directory="/media/disk"))
    assert Permit(elsewhere).permitted(recorded) == (recorded, (), ())


def test_every_sound_input_of_the_list_may_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "pcm").write_text("00-00: Odd : Odd : capture 1\n01-02: USB : USB Audio : capture 1\n")
    for number, name in enumerate(("'|id'", "Mic_1")):
        (tmp_path / f"card{number}").mkdir()
        (tmp_path / f"card{number}" / "id").write_text(name + "\n")
    listed = [one.name for one in sound_devices(str(tmp_path), str(tmp_path))]
    assert listed == ["hw:CARD=0,DEV=0", "hw:CARD=Mic_1,DEV=2"]
    assert all(names.is_anybodys("audio.microphone", name) for name in listed)


@pytest.mark.timeout(120)
def test_the_engine_itself_asks_its_box_toml(place: Path) -> None:
    """A real engine, told over its socket by a control that somebody has taken over, who wrote panel.toml as well."""
    sign = place / "sign"
    evil = f"file:'|touch {sign}',raw"
    (place / "state").mkdir()
    (place / "state" / "panel.toml").write_text(f'audio.microphone = "{evil}"\n')
    text = f'state-dir = "{place}/state"\nrun-dir = "{place}"\n[capture]\naudio = "the_owners"\n'
    (place / "box.toml").write_text(text)
    stated = Plan(
        capture=CapturePlan(device="test", audio="the_owners"),
        sound=SoundPlan(microphone=evil),
        picture=PicturePlan(width=160, height=160),
    )
    command = [sys.executable, "-m", "appliance.cli", "engine", "--config", str(place / "box.toml")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as engine:
        try:
            with dialled(socket_path(place, "engine")) as line:
                line.sendall(pack(PlanMessage(plan=stated)))
                heard = reports(line)
                first = next(report for report in heard if report.problems)
                assert [(p.code, p.facts["path"]) for p in first.problems] == [("name-refused", "audio.microphone")]
                # The owner's own name was tried, and a command would have run long before.
                tried = next(report for report in heard if report.sound.problem is not None)
                assert tried.sound.problem is not None
                assert tried.sound.problem.facts["device"] == "the_owners"
        finally:
            engine.terminate()
            assert engine.wait(15) == 0
    assert not sign.exists()


def dialled(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(60)
    end = time.monotonic() + 60
    while True:
        try:
            line.connect(str(path))
        except OSError:
            assert time.monotonic() < end, "the engine does not listen"
            time.sleep(0.01)
        else:
            return line


def reports(line: socket.socket) -> Iterator[Report]:
    unframer = Unframer()
    while data := line.recv(65536):
        for kind, body in unframer.feed(data):
            if kind == JSON_FRAME and isinstance(message := unpack_from_engine(body), ReportMessage):
                yield message.report
