"""The screen's process between a control and an engine that come, go and misbehave."""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.links.bitmaps import Bitmap
from appliance.engine.links.layers_link import LayersLink
from appliance.model.protocol import frame
from appliance.model.screen import ScreenPlan, pack_screen
from appliance.system.sockets import socket_path
from tests.screen.painting import words


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


@contextlib.contextmanager
def control(run_dir: Path) -> Iterator[socket.socket]:
    """A listening screen.sock."""
    path = socket_path(run_dir, "screen")
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(10)
        yield listener


@contextlib.contextmanager
def engine(run_dir: Path) -> Iterator[queue.Queue[Bitmap]]:
    """The real layers.sock; what is handed over arrives in the queue."""
    bitmaps: queue.Queue[Bitmap] = queue.Queue()
    link = LayersLink(socket_path(run_dir, "layers"), bitmaps.put)
    link.start()
    try:
        yield bitmaps
    finally:
        link.stop()
        assert link.join(2)
        assert link.failure is None


@contextlib.contextmanager
def screen(run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    (run_dir / "box.toml").write_text(f'state-dir = "{run_dir}/state"\nrun-dir = "{run_dir}"\n')
    words_ = [sys.executable, "-m", "appliance.cli", "screen", "--config", str(run_dir / "box.toml")]
    with subprocess.Popen(words_, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def connected(listener: socket.socket) -> socket.socket:
    peer, _ = listener.accept()
    peer.settimeout(10)
    return peer


def test_words_reach_the_engine_and_only_changes_are_painted(run_dir: Path) -> None:
    with control(run_dir) as listener, engine(run_dir) as bitmaps, screen(run_dir) as process:
        with connected(listener) as peer:
            plan = ScreenPlan(owner_name="Leo 🎮", language="es")
            peer.sendall(pack_screen(plan))
            first = bitmaps.get(timeout=10)
            meant = words("Leo 🎮", "es")
            assert first.pixels.tobytes() == meant.pixels
            assert (first.message.x, first.message.y) == (meant.x, meant.y)
            assert (first.message.canvas_width, first.message.canvas_height) == (720, 1280)
            peer.sendall(pack_screen(plan))
            peer.sendall(pack_screen(ScreenPlan(owner_name="Lea", width=1280, height=720)))
            second = bitmaps.get(timeout=10)
            assert second.message.canvas_width == 1280
            assert second.message.sequence == first.message.sequence + 1, "the same plan was not painted again"
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert process.wait(10) == 0, process.stderr.read()


def test_an_engine_that_returns_is_given_the_words_again_without_control(run_dir: Path) -> None:
    with screen(run_dir) as process:
        with control(run_dir) as listener, engine(run_dir) as bitmaps, connected(listener) as peer:
            peer.sendall(pack_screen(ScreenPlan(owner_name="Leo")))
            first = bitmaps.get(timeout=10)
        with engine(run_dir) as bitmaps:
            again = bitmaps.get(timeout=10)
        assert again.pixels.tobytes() == first.pixels.tobytes()
        assert process.poll() is None


def test_nonsense_from_control_is_survived(run_dir: Path) -> None:
    with control(run_dir) as listener, engine(run_dir) as bitmaps, screen(run_dir):
        for garbage in (b"\xff" * 64, frame(b"J", b'{"type": "screen-plan", "width": 0}'), frame(b"J", b"[")):
            with connected(listener) as peer:
                peer.sendall(garbage)
                assert peer.recv(1) == b"", "it hangs up and comes again"
        with connected(listener) as peer:
            peer.sendall(pack_screen(ScreenPlan(owner_name="Leo")))
            assert bitmaps.get(timeout=10).message.slot == "slate-words"


def test_without_pango_it_says_so_once_and_gives_up(run_dir: Path) -> None:
    (run_dir / "pangocffi.py").write_text('raise OSError("no libpango")\n')
    (run_dir / "box.toml").write_text(f'state-dir = "{run_dir}/state"\nrun-dir = "{run_dir}"\n')
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "screen", "--config", str(run_dir / "box.toml")],
        env={"PYTHONPATH": f"{run_dir}:{Path(__file__).parents[2]}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert "apt install libpangocairo-1.0-0" in done.stderr
