"""Everything that can be wrong, typed or unplugged: one line that says what and what to do, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.rtmp_server import RtmpServer
from tests.running import RunningBox
from tests.servers.nginx import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TEST_CONSOLE = '\n[capture]\ndevice = "test"\naudio = "none"\n[picture]\nsize = "160x160"\n'


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance.cli", *words], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[picture]\nfps = 31\n", "picture.fps"),
        ('[picture]\nsize = "721x1280"\n', "picture.size"),
        ("[pictures]\nfps = 30\n", "pictures"),
        ("[picture\n", "line 1"),
        ('[encoder]\nbitrate-kbps = "much"\n', "encoder.bitrate-kbps"),
        ('[destination.tiktok]\nserver = "http://example.org/live"\n', "destination.tiktok.server"),
        ('[destination.tiktok]\nkey = "secret-in-here"\n', "key-file"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_config_is_one_line_and_exit_2(tmp_path: Path, toml: str, says: str, command: str) -> None:
    config = tmp_path / "box.toml"
    known = f'run-dir = "{tmp_path}/run"\nstate-dir = "{tmp_path}/state"\n'
    config.write_text(toml if toml.startswith("[picture\n") else known + toml)
    done = run(command, str(config)) if command == "check" else run("run", "--config", str(config))
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert says in line
    assert "secret-in-here" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_file_that_is_not_there_is_said_by_check_and_stops_nobody(tmp_path: Path) -> None:
    config = tmp_path / "box.toml"
    key = 'key-file = "/nowhere/key"\nserver = "rtmp://a/b"\n'
    config.write_text(f'state-dir = "{tmp_path}/state"\n[destination.tiktok]\n{key}')
    done = run("check", str(config))
    assert (done.returncode, done.stderr.count("\n"), "key-file" in done.stderr) == (2, 1, True)
    with RunningBox(tmp_path, f"{TEST_CONSOLE}[destination.tiktok]\n{key}") as box:
        assert box.state()["destinations"][0]["problem"]["code"] == "key-file"


def test_a_missing_config_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = run("run", "--config", str(tmp_path / "none.toml"))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("device", "cause"),
    [("/dev/video-nowhere", "no-device"), ("/dev/null", "unsupported")],
)
def test_a_device_that_is_none_is_told_and_tried_again(tmp_path: Path, device: str, cause: str) -> None:
    toml = f'\n[capture]\ndevice = "{device}"\naudio = "none"\n'
    with RunningBox(tmp_path, toml) as box:
        state = box.until(lambda state: any(device in str(one) for one in state["problems"]))
        assert (state["signal"]["cause"], state["signal"]["state"]) == (cause, "slate")
        problem = next(one for one in state["problems"] if device in str(one))
        assert problem["text"].endswith(".")
    assert "Traceback" not in box.log


def test_servers_that_refuse_or_are_not_there(tmp_path: Path) -> None:
    with RtmpServer() as server, RunningBox(tmp_path, TEST_CONSOLE) as box:
        assert box.do("go-live")[0] in {409, 424}, "no key yet"
        port = free_port()
        assert box.do("paste-key", text=f"rtmp://127.0.0.1:{port}/live key-1")[0] == 200
        assert box.do("go-live")[0] == 200
        state = box.until(lambda state: state["destinations"][0]["problem"] is not None)
        assert state["destinations"][0]["problem"]["code"] == "server-refused-connection"
        assert state["live"]["type"] in {"connecting", "reconnecting", "preparing"}
        assert box.do("paste-key", text="rtmp://no-such-host.invalid/live key-1")[0] == 200
        box.until(lambda state: (state["destinations"][0]["problem"] or {}).get("code") == "server-not-found")
        assert box.do("paste-key", text=f"rtmp://127.0.0.1:{server.port}/live key-2")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")
    assert "Traceback" not in box.log


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_directory_that_cannot_be_written_hurts_the_recording_alone(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    toml = TEST_CONSOLE + f'[record]\nenabled = true\ndirectory = "{blocked}/recordings"\n'
    with RunningBox(tmp_path, toml) as box:
        assert box.do("start-recording")[0] == 200
        state = box.until(lambda state: state["record"]["state"] == "failed")
        assert any(one["code"] == "directory-unwritable" for one in state["problems"])
        box.until(lambda state: state["encoder"]["fps"] > 20)
    assert "Traceback" not in box.log
