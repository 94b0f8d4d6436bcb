"""The virtual box boots, carries bytes and exit status out, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import io
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.box.boot import Box, BoxCrashed, run
from tests.box.carry import place
from tests.box.kernel import kernel

pytestmark = [
    pytest.mark.timeout(900),  # the first test of a machine may build the kernel
    pytest.mark.skipif(place() != "box" or platform.machine() != "x86_64", reason="boots the virtual box itself"),
]


@pytest.fixture(scope="module")
def box() -> Box:
    return Box(kernel(), virtual_clock=True, timeout_s=120)


def output_of(box: Box, script: str) -> tuple[int, str, str]:
    out, err = io.BytesIO(), io.BytesIO()
    status = run(box, ["sh", "-c", script], out, err)
    return status, out.getvalue().decode(), err.getvalue().decode()


def test_exit_status_and_both_outputs_come_out(box: Box) -> None:
    status, out, err = output_of(box, "id -u; echo trouble >&2; test -t 1 || echo no terminal; exit 7")
    assert (status, out, err) == (7, "0\nno terminal\n", "trouble\n")


def test_every_byte_comes_out_as_it_was_written(box: Box) -> None:
    out = io.BytesIO()
    script = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4000)"
    assert run(box, [sys.executable, "-c", script], out, io.BytesIO()) == 0
    assert out.getvalue() == bytes(range(256)) * 4000


def test_the_virtual_clock_jumps(box: Box) -> None:
    started = time.monotonic()
    status, out, _ = output_of(box, "cut -d' ' -f1 /proc/uptime; sleep 600; cut -d' ' -f1 /proc/uptime")
    before, after = map(float, out.split())
    assert status == 0
    assert 600 <= after - before < 601
    assert time.monotonic() - started < 300


def test_the_command_runs_here_with_its_environment(box: Box) -> None:
    status, out, _ = output_of(replace(box, environment={"EXTRA": "a 'b' $c"}), 'pwd; echo "$EXTRA $PLUGCAST_CLOCK"')
    assert (status, out) == (0, f"{Path.cwd()}\na 'b' $c virtual\n")


def test_the_host_changes_only_in_shares(box: Box, tmp_path: Path) -> None:
    shared, private = tmp_path / "shared", tmp_path / "private"
    shared.mkdir()
    private.mkdir()
    (private / "old").write_text("old")
    script = (
        f"echo in > {shared}/new; echo in > {private}/new; rm {private}/old; touch /etc/mark /tmp/mark /dev/shm/mark"
    )
    status, _, err = output_of(replace(box, shares=(shared,)), script)
    assert (status, err) == (0, "")
    assert (shared / "new").read_text() == "in\n"
    assert [path.name for path in private.iterdir()] == ["old"]
    assert not any(Path(folder, "mark").exists() for folder in ("/etc", "/tmp", "/dev/shm"))


def test_what_the_command_leaves_behind_does_not_keep_the_box(box: Box) -> None:
    status, out, _ = output_of(box, "sleep 100000 & echo started")
    assert (status, out) == (0, "started\n")


def test_a_command_that_never_ends_is_stopped(box: Box) -> None:
    with pytest.raises(BoxCrashed, match="more than 3 s"):
        output_of(replace(box, timeout_s=3), "while :; do :; done")


def test_nothing_in_the_box_runs_on_outside_once_its_plug_is_pulled(box: Box, tmp_path: Path) -> None:
    shared, private, plug = tmp_path / "shared", tmp_path / "private", threading.Event()
    turns = shared / "turns"
    shared.mkdir()
    private.mkdir()

    def pull() -> None:
        while not turns.exists() or turns.stat().st_size < 20:
            time.sleep(0.001)
        plug.set()

    threading.Thread(target=pull, daemon=True).start()
    # Mostly it computes, so that it is hardly ever the kernel's turn when the plug is pulled.
    turn = f"n=0; while [ $n -lt 500 ]; do n=$((n + 1)); done; : >{private}/mark; echo >>{shared}/turns"
    with pytest.raises(BoxCrashed, match="ended before"):
        output_of(replace(box, shares=(shared,), cut=plug), f"while :; do {turn}; done")
    assert [path.name for path in private.iterdir()] == []


def test_a_crash_says_what_the_kernel_said(box: Box) -> None:
    with pytest.raises(BoxCrashed) as crash:
        output_of(box, "echo c > /proc/sysrq-trigger; sleep 10")
    assert "sysrq triggered crash" in crash.value.log


def processes_of(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_its_caller(how: signal.Signals, tmp_path: Path) -> None:
    mark = f"MARK={os.getpid()}-{how}"
    command = [sys.executable, "-m", "tests.box", "run", "--word", mark, "sh", "-c", "echo up; sleep 1000"]
    caller = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)})
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"up\n"
    assert len(processes_of(mark)) > 2
    caller.send_signal(how)
    caller.communicate()
    deadline = time.monotonic() + 30
    while (left := [*processes_of(mark), *tmp_path.iterdir()]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []
