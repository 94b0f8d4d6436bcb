"""Everything that can be wrong, typed or unplugged: one line that says what and what to do, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import cli
from tests.fakes.rtmp_server import RtmpServer
from tests.running import SMALL_TOML, RunningBox
from tests.servers.nginx import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

NOWHERE = "/dev/video-nowhere"
MISSING_KEY = '[destination.tiktok]\nkey-file = "/nowhere/key"\nserver = "rtmp://a/b"\n'
WRONG_CONFIGS = [
    ("[picture]\nfps = 31\n", "picture.fps"),
    ('[picture]\nsize = "721x1280"\n', "picture.size"),
    ("[pictures]\nfps = 30\n", "pictures"),
    ("[picture\n", "line 1"),
    ('[encoder]\nbitrate-kbps = "much"\n', "encoder.bitrate-kbps"),
    ('[destination.tiktok]\nserver = "http://example.org/live"\n', "destination.tiktok.server"),
    ('[destination.tiktok]\nkey = "secret-in-here"\n', "key-file"),
]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance.cli", *words], capture_output=True, text=True, timeout=60, check=False
    )


def wrong(place: Path, toml: str) -> list[str]:
    """The commands' words, such as `check FILE`, without the command itself."""
    config = place / "box.toml"
    known = f'run-dir = "{place}/run"\nstate-dir = "{place}/state"\n'
    config.write_text(toml if toml.startswith("[picture\n") else known + toml)
    return [str(config)]


def assert_one_line(code: int, out: str, err: str, says: str) -> None:
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.strip()]
    assert says in line
    assert "secret-in-here" not in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [("check",), ("run", "--config")], ids=["check", "run"])
@pytest.mark.parametrize(("toml", "says"), WRONG_CONFIGS)
def test_a_wrong_config_is_one_line_and_exit_2(
    tmp_path: Path, toml: str, says: str, command: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    code = cli.main([*command, *wrong(tmp_path, toml)])
    assert_one_line(code, *capfd.readouterr(), says)


@pytest.mark.parametrize("command", [("check",), ("run", "--config")], ids=["check", "run"])
def test_a_wrong_config_ends_the_process_with_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    toml, says = WRONG_CONFIGS[-1]
    done = run(*command, *wrong(tmp_path, toml))
    assert_one_line(done.returncode, done.stdout, done.stderr, says)


def test_a_missing_config_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = run("run", "--config", str(tmp_path / "none.toml"))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_no_clip_without_a_ring_and_servers_that_refuse_or_are_not_there(tmp_path: Path) -> None:
    with RtmpServer() as server, RunningBox(tmp_path, SMALL_TOML + "[replay]\nseconds = 0\n") as box:
        box.until(lambda state: state["canvas"]["captured"] > 60)
        status, answer = box.do("clip", seconds=4)
        assert (status, answer["code"]) == (409, "nothing-to-clip")
        assert box.state()["encoder"]["kbps"] == 0, "nobody wants what it would make"
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


@pytest.fixture(scope="module")
def unlucky_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """No console, no key file, and a recording directory that cannot be; one for all tests."""
    home = tmp_path_factory.mktemp("unlucky")
    (home / "file").write_bytes(b"")
    toml = (
        SMALL_TOML.replace('device = "test:320x180@30"', f'device = "{NOWHERE}"')
        + f'[record]\nenabled = true\ndirectory = "{home}/file/recordings"\n'
        + MISSING_KEY
    )
    with RunningBox(home, toml) as box:
        yield box
    assert "Traceback" not in box.log


def test_a_device_that_is_none_is_told(unlucky_box: RunningBox) -> None:
    state = unlucky_box.until(lambda state: any(NOWHERE in str(one) for one in state["problems"]))
    assert (state["signal"]["cause"], state["signal"]["state"]) == ("no-device", "slate")
    problem = next(one for one in state["problems"] if NOWHERE in str(one))
    assert problem["text"].endswith(".")


def test_a_directory_that_cannot_be_written_hurts_the_recording_alone(unlucky_box: RunningBox) -> None:
    assert unlucky_box.do("start-recording")[0] == 200
    state = unlucky_box.until(lambda state: state["record"]["state"] == "failed")
    assert any(one["code"] == "directory-unwritable" for one in state["problems"])
    unlucky_box.until(lambda state: state["encoder"]["fps"] > 0)


def test_a_key_file_that_is_not_there_is_said_by_check_and_stops_nobody(
    tmp_path: Path, unlucky_box: RunningBox, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "box.toml"
    config.write_text(f'state-dir = "{tmp_path}/state"\n{MISSING_KEY}')
    assert_one_line(cli.main(["check", str(config)]), *capfd.readouterr(), "key-file")
    assert unlucky_box.state()["destinations"][0]["problem"]["code"] == "key-file"
