"""Boots the virtual box, runs one command in it as root, and carries its output and exit status out.

The box sees this machine's files through an overlay in memory: it changes nothing on the host but the folders it was
given as shares. One process group, killed as a whole on time-out, interruption or the end of the caller. Needs no
privileges; with an unprivileged caller root inside reads what the caller may read and writes anywhere (in memory).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.box.kernel import ROOM, BoxError

# What may follow a command into the box: its own settings, not the caller's desktop or secrets.
CARRIED = ("PATH", "HOME", "LANG", "LC_", "TERM", "COLUMNS", "CI", "VIRTUAL_ENV", "PYTHON", "PYTEST_", "PLUGCAST_")
DEVICES = (
    # one HDMI input and one HDMI output, looped on demand
    *("vivid.n_devs=1", "vivid.node_types=0x0101", "vivid.num_inputs=1", "vivid.input_types=3"),
    *("vivid.num_outputs=1", "vivid.output_types=1"),
    *("vicodec.multiplanar=1", "vkms.enable_writeback=1", "vkms.enable_overlay=1"),
    # what looks like a USB capture card once a program feeds it
    *("v4l2loopback.devices=1", "v4l2loopback.exclusive_caps=1", "v4l2loopback.card_label=Loopback"),
)
STDOUT, STDERR, STATUS, KERNEL = range(4)


class BoxCrashed(BoxError):
    """The box ended without saying how its command ended; `log` holds the last lines of its kernel."""

    def __init__(self, sentence: str, log: str) -> None:
        super().__init__(sentence)
        self.log = log


@dataclass(frozen=True)
class Box:
    """One way to boot: the kernel and what the box is like.

    `virtual_clock`: time jumps while everything sleeps and stands still while anything computes. `words` are added
    to the kernel's command line (a later vivid.x=y wins). `shares` are existing folders written through to the host.
    `timeout_s` is in real seconds, None for no limit; with `progress` it counts from the last change of that file.
    Setting `cut` pulls the plug: everything in the box is gone at once, and `run` raises BoxCrashed.
    """

    kernel: Path
    virtual_clock: bool = False
    words: tuple[str, ...] = ()
    shares: tuple[Path, ...] = ()
    memory_mb: int = 2048
    timeout_s: float | None = None
    progress: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    cut: threading.Event | None = None


def run(box: Box, command: Sequence[str], stdout: IO[bytes], stderr: IO[bytes]) -> int:
    """Runs `command` in the box, in the caller's current folder, copying its output live. Returns its exit status.

    Raises BoxCrashed when the box died or the time was up.
    """
    with tempfile.TemporaryDirectory(prefix="plugcast-box-") as name:
        exchange = Path(name)
        (exchange / "job").write_text(_job(box, command), encoding="utf-8")
        shares = "".join(f"{share}\n" for share in box.shares)
        (exchange / "shares").write_text(shares, encoding="utf-8")
        return _boot(box, exchange, (stdout, stderr))


def _job(box: Box, command: Sequence[str]) -> str:
    environment = {
        name: value for name, value in os.environ.items() if name.startswith(CARRIED) and name.isidentifier()
    }
    environment |= {"PLUGCAST_BOX": "inside", "PLUGCAST_CLOCK": "virtual" if box.virtual_clock else "real"}
    # What Python compiles is written into the box's memory, so that not each of its many processes compiles it anew.
    environment |= {"PYTHONDONTWRITEBYTECODE": "", **box.environment}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())]
    lines += [f"cd {shlex.quote(os.getcwd())} || exit 125", f"exec {shlex.join(command)}"]  # noqa: PTH109
    return "\n".join(lines) + "\n"


def _boot(box: Box, exchange: Path, outputs: tuple[IO[bytes], IO[bytes]]) -> int:
    status = bytearray()
    log: deque[bytes] = deque(maxlen=200)
    with contextlib.ExitStack() as stack:
        pipes = [os.pipe() for _ in range(4)]
        readers = [stack.enter_context(open(reading, "rb", buffering=0)) for reading, _ in pipes]  # noqa: PTH123
        writers = [writing for _, writing in pipes]
        carriers = [
            threading.Thread(target=_carry, args=(readers[STDOUT], outputs[0]), daemon=True),
            threading.Thread(target=_carry, args=(readers[STDERR], outputs[1]), daemon=True),
            threading.Thread(target=lambda: status.extend(readers[STATUS].readall()), daemon=True),
            threading.Thread(target=lambda: log.extend(readers[KERNEL]), daemon=True),
        ]
        with _kernel_process(box, exchange, writers) as process:
            for carrier in carriers:
                carrier.start()
            if box.cut is not None:
                threading.Thread(target=_pull_the_plug, args=(box.cut, process), daemon=True).start()
            timed_out = _wait(process, box)
        for carrier in carriers:
            carrier.join()
    if status.strip().isdigit():
        return int(status)
    words = b"".join(log).decode(errors="replace")
    if timed_out:
        what = "stood still for" if box.progress else "took"
        raise BoxCrashed(f"The virtual box was stopped: its command {what} more than {box.timeout_s:g} s.", words)
    raise BoxCrashed("The virtual box ended before its command did.", words)


def _pull_the_plug(cut: threading.Event, process: subprocess.Popen[bytes]) -> None:
    cut.wait()
    # All of the box in one call, never its kernel first: the processes inside are processes outside too, and whoever
    # outlives the kernel that stands between would run on outside, with this machine's files.
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], box: Box) -> bool:
    """Waits for the end of the box; returns whether the time was up before."""
    started = time.time()
    while True:
        changed = started
        if box.progress is not None and box.progress.exists():
            changed = max(started, box.progress.stat().st_mtime)
        left_s = None if box.timeout_s is None else box.timeout_s - (time.time() - changed)
        if left_s is not None and left_s <= 0:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(left_s)
            return False


@contextlib.contextmanager
def _one_processor() -> Iterator[None]:
    """What this thread starts meanwhile stays on one processor.

    The box's kernel and its processes take turns, never two at once. On one processor they do so twice as fast as on
    two, which would have to wake each other for every system call.
    """
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(allowed)[os.getpid() % len(allowed)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def _kernel_process(box: Box, exchange: Path, writers: Sequence[int]) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the kernel in a process group of its own, which does not outlive this block or this process."""
    command = [
        str(box.kernel),
        *(f"mem={box.memory_mb}M", "root=/dev/root", "rootfstype=hostfs", "hostfs=/", "rw", "quiet"),
        *(f"init={ROOM / 'init'}", f"BOX_DIR={exchange}", f"uml_dir={exchange}", "con=null", "ssl=null"),
        f"con0=null,fd:{writers[KERNEL]}",
        *(f"ssl{line}=null,fd:{writers[line]}" for line in (STDOUT, STDERR, STATUS)),
        *DEVICES,
        *(["time-travel=inf-cpu"] if box.virtual_clock else []),
        *box.words,
    ]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(exchange)}
    environment["TMPDIR"] = str(_memory_folder(box.memory_mb))
    try:
        with _one_processor():
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=writers[KERNEL],
                stderr=writers[KERNEL],
                pass_fds=writers,
                cwd=exchange,  # where a core file would land
                env=environment,
                process_group=0,
            )
    finally:
        for writer in writers:
            os.close(writer)
    # Should this process be killed, its end of the pipe closes and the watch ends the kernel and all its helpers.
    watch = subprocess.Popen(
        ["sh", "-c", 'read -r _; rm -rf "$0"; kill -9 0', str(exchange)],
        stdin=subprocess.PIPE,
        process_group=process.pid,
    )
    try:
        yield process
    finally:
        # Also after the kernel has ended: processes inside are processes outside too, in the same group, which the
        # watch keeps from being given to anybody else.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        watch.communicate()


def _carry(source: IO[bytes], sink: IO[bytes]) -> None:
    while chunk := source.read(65536):
        sink.write(chunk)
        sink.flush()


def _memory_folder(memory_mb: int) -> Path:
    """Where the box's memory is kept: an unnamed file in the first folder with room for all of it."""
    for folder in (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp")):
        if os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free > memory_mb * 1024 * 1024:
            return folder
    raise BoxError(f"The virtual box needs {memory_mb} MB free in /dev/shm, /tmp or /var/tmp.")
