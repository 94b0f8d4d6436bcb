"""The command line: one line and an exit code, whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import __version__
from appliance.cli import _parser, main
from appliance.control.cli.doctor import UNIT, start_words
from appliance.engine.hardware.devices import encoders
from appliance.settings.layers import DEFAULT_FILE
from tests.project import ROOT, config


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def plugcast(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_version_is_the_package_s() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert plugcast("--version").stdout == f"plugcast {__version__}\n"


def test_a_token_is_all_that_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config(place)
    assert main(["token", "lamp", "--config", file]) == 0
    token = capsys.readouterr().out
    assert len(token.strip()) == 43
    assert token.count("\n") == 1
    kept = place / "state" / "access" / "tokens.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert token.strip() not in kept.read_text()
    assert main(["token", "--list", "--config", file]) == 0
    assert capsys.readouterr().out.startswith("lamp  made 20")
    assert main(["token", "lamp", "--config", file]) == 2
    assert 'There is a token "lamp" already.' in capsys.readouterr().err
    assert main(["token", "--revoke", "lamp", "--config", file]) == 0
    assert main(["token", "--list", "--config", file]) == 0
    assert capsys.readouterr().out == ""
    assert main(["token", "--revoke", "lamp", "--config", file]) == 2


def test_a_link_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--link", "--config", config(place, '[panel]\nlisten = "10.1.2.3"\nport = 81')]) == 0
    assert capsys.readouterr().out.startswith("http://10.1.2.3:81/#")


@pytest.mark.parametrize("name", ["", "a b", "-x-", "x" * 65, "ä", "../x"])
def test_odd_token_names_are_refused(place: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--config", config(place), "--", name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "control", "engine", "check", "token"])
def test_a_wrong_config_is_one_line_and_2(place: Path, command: str) -> None:
    file = config(place, "[picture]\nfps = 1\n")
    arguments = [command, file] if command == "check" else [command, "--config", file]
    done = plugcast(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "box.toml: picture.fps: must be 24, 25, 30, 50 or 60, you wrote 1\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use any port")
def test_a_port_that_needs_root_is_2(place: Path) -> None:
    done = plugcast("control", "--config", config(place, '[panel]\nlisten = "127.0.0.1"\nport = 81'))
    assert done.returncode == 2
    assert "panel.port: port 81 needs root here." in done.stderr


def test_a_fault_of_our_own_is_one_line_without_a_trace(place: Path) -> None:
    code = (
        "import sys, appliance.cli as cli\n"
        "def broken(options): raise KeyError('oops')\n"
        "cli._check = broken\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    done = subprocess.run([sys.executable, "-c", code, "check"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("plugcast stopped because of a fault of its own (KeyError: 'oops').")
    assert "--debug" in done.stderr
    assert "Traceback" not in done.stderr
    shown = subprocess.run(
        [sys.executable, "-c", code, "--debug", "check"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "Traceback" in shown.stderr


def test_a_logged_fault_is_one_line(place: Path) -> None:
    code = (
        "import logging, appliance.cli as cli\n"
        "cli._prepare(debug=False, role='control')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('aiohttp.server').exception('Error handling request')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == (
        "control: Error handling request  (ZeroDivisionError: division by zero; --debug shows where)\n"
    )


def test_control_ends_cleanly_and_waits_for_its_port(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = config(place, f'[panel]\nlisten = "127.0.0.1"\nport = {port}')
        command = [sys.executable, "-m", "appliance.cli", "control", "--config", file]
        control = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        assert control.stderr is not None
        assert control.stdout is not None
        assert "cannot listen" in control.stderr.readline()
    assert control.stdout.readline().startswith(f"panel http://127.0.0.1:{port}/#")
    shown = ""
    while "PIN" not in shown and (line := control.stdout.readline()):
        shown += line
    control.terminate()
    rest, said = control.communicate()
    assert control.returncode == 0
    assert re.fullmatch(r"(?:[█▀▄ ]+\n)+PIN \d{4} \d{4}\n", shown + rest)
    assert "Traceback" not in said


def test_devices_as_json() -> None:
    found = json.loads(plugcast("devices", "--json").stdout)
    assert "libx264" in found["encoders"]
    assert isinstance(found["devices"], list)


def test_check_names_everything_that_is_wrong_at_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[picture]\nfps = 1\nlok = "blur"\n[destination.Odd]\n[destination.b]\nenabled = 3\nkey = "x"\n'
    assert main(["check", config(place, text)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(": ")[1] for line in said.err.splitlines()] == [
        "picture.fps", "picture.lok", "destination.Odd", "destination.b.key",
    ]  # fmt: skip
    text = text.partition("[destination.b]")[0].replace("fps = 1", "").replace("lok", "look").partition("[dest")[0]
    files = '[destination.a]\nkey-file = "/nowhere/a"\nca-file = "/nowhere/b"\n'
    assert main(["check", config(place, text + files)]) == 2
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == [
        "destination.a.key-file", "destination.a.ca-file",
    ]  # fmt: skip
    assert main(["check", config(place, "[picture]\nfps = 30\nfps = 30")]) == 2
    assert '"fps" is set twice' in capsys.readouterr().err


def test_every_command_says_in_a_sentence_what_it_does_and_shows_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    names = re.findall(r"^    ([a-z]+) +\S", capsys.readouterr().out, re.MULTILINE)
    assert len(names) > 9
    for name in names:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        said = capsys.readouterr().out
        assert re.search(r"^[A-Z].*\.$", said, re.MULTILINE), name
        (example,) = re.findall(rf"^example:\n  (plugcast {name}.*)$", said, re.MULTILINE)
        assert _parser().parse_args(example.split()[1:]).command == name


def test_only_encoders_that_can_exist_here_are_listed(place: Path) -> None:
    assert encoders({"libx264": str(place)}) == encoders({})
    assert "libx264" not in encoders({"libx264": str(place / "nothing")})
    assert "libx264" in encoders()


def test_how_to_start_the_box_fits_how_it_is_started(place: Path) -> None:
    units = place / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    assert start_words(DEFAULT_FILE, place) == "Start it: plugcast run"
    (units / UNIT).touch()
    assert "systemctl start" in start_words(DEFAULT_FILE, place)
    assert start_words(place / "box.toml", place) == f"Start it: plugcast run --config {place}/box.toml"
