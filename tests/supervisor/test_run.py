"""The supervisor against real child processes that behave, die, hang or refuse."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from appliance.errors import Refused
from appliance.model.config import Config
from appliance.supervisor import run as run_room
from appliance.supervisor.run import Patience, Supervisor
from appliance.supervisor.run_dir import NotifyLine, RunDir
from tests.supervisor.children import LIMIT_S, QUICK, STEADY, child, notes, place, supervise, until

__all__ = ["place"]

pytestmark = pytest.mark.timeout(90)


def test_both_start_and_end_in_order(place: Path) -> None:
    commands = {"engine": child(place, "engine", STEADY), "control": child(place, "control", STEADY)}
    assert supervise(place, commands, ("engine started", 1), ("control started", 1)) == 0
    assert notes(place)[-2:] == ["control told", "engine told"]
    assert list(place.glob("*.sock")) == []


def test_what_dies_starts_again(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    commands = {"engine": child(place, "engine", "sys.exit(3)"), "control": child(place, "control", STEADY)}
    assert supervise(place, commands, ("engine started", 3)) == 0
    assert notes(place).count("control started") == 1
    assert "The engine ended with exit code 3. It starts again in 0.0 s." in caplog.text


def test_what_crashes_is_named(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = "os.kill(os.getpid(), signal.SIGSEGV)"
    supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2))
    assert "was ended by SIGSEGV" in caplog.text


def test_what_hangs_is_killed_and_starts_again(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(9)"
    assert supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2)) == 0
    assert "gave no sign of life and was killed" in caplog.text


def test_what_says_that_it_hangs_is_killed_at_once(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
line.sendto(b"WATCHDOG=trigger", os.environ["NOTIFY_SOCKET"])
while True: time.sleep(9)
"""
    patience = Patience(watchdog_s=60.0, first_pause_s=0.01, last_pause_s=0.02, end_s=2.0)
    assert supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2), patience=patience) == 0
    assert "gave no sign of life and was killed" in caplog.text


def test_what_does_not_end_is_killed(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\nnotes.write('deaf\\n')\n{STEADY}"
    patience = Patience(watchdog_s=5.0, first_pause_s=0.01, last_pause_s=0.02, end_s=0.2)
    assert supervise(place, {"engine": child(place, "engine", body)}, ("deaf", 1), patience=patience) == 0
    assert "did not end within 0 s and is killed" in caplog.text


def test_a_wrong_config_ends_the_run_with_2(place: Path) -> None:
    commands = {"engine": child(place, "engine", STEADY), "control": child(place, "control", "sys.exit(2)")}
    assert supervise(place, commands) == 2
    assert notes(place).count("control started") == 1


def test_two_do_not_run_at_once(place: Path) -> None:
    with contextlib.closing(RunDir(place)), pytest.raises(Refused, match="runs already"):
        RunDir(place)
    RunDir(place).close()


@pytest.mark.parametrize("has_begun", [True, False])
async def test_a_child_ends_with_its_supervisor(place: Path, *, has_begun: bool) -> None:
    """A supervisor that is killed leaves nothing behind, not even a child that has not yet begun to listen for it."""
    said = "print(1, flush=True)\n"
    begun = "run.end_with_parent(parent)\n"
    late = "while os.getppid() == parent: time.sleep(0.01)\n"
    orphan = "import os, time, appliance.supervisor.run as run\nparent = os.getppid()\n"
    orphan += (begun + said if has_begun else said + late + begun) + "time.sleep(60)"
    code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {orphan!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); sys.stdin.read()"
    )

    async with asyncio.timeout(LIMIT_S):
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        pid = int(await parent.stdout.readline())
        parent.kill()
        await parent.wait()
        while _is_running(pid):  # noqa: ASYNC110 - no child of ours, so there is nothing to wait on
            await asyncio.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_chat_is_started_when_somebody_listens_for_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_room, "CALLED_EVERY_S", 0.01)
    calls = "notes.write('called\\n'); (place / 'chat').mkdir(exist_ok=True); (place / 'chat' / 'chat.sock').touch()\n"
    engine = "told = (place / 'notes').read_text().count('engine started')\nif told < 3: sys.exit(3)\n"
    commands = {"chat": child(place, "chat", STEADY), "engine": child(place, "engine", engine + calls + STEADY)}
    assert supervise(place, commands, ("chat started", 1)) == 0
    said = notes(place)
    assert said[:4] == ["engine started"] * 3 + ["called"]
    assert said.index("called") < said.index("chat started")


@pytest.mark.parametrize("broken", ["a wrong configuration", "no room for its socket"])
def test_who_is_called_in_mid_live_ends_nobody_else(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    monkeypatch.setattr(run_room, "CALLED_EVERY_S", 0.01)
    (place / "chat").mkdir()
    (place / "chat" / "chat.sock").touch()
    tries = "sys.exit(2 if (place / 'notes').read_text().count('chat started') < 3 else 0)"
    opened, met = NotifyLine.open, list[OSError]()

    def crowded(self: NotifyLine) -> None:
        if broken == "no room for its socket" and "chat" in self.path.name and not met:
            met.append(OSError(errno.ENOSPC, "No space left on device"))
            raise met[0]
        opened(self)

    monkeypatch.setattr(NotifyLine, "open", crowded)
    commands = {"chat": child(place, "chat", tries), "engine": child(place, "engine", STEADY)}
    assert supervise(place, commands, ("engine started", 1), ("chat started", 4)) == 0
    assert notes(place).count("engine started") == 1
    assert len(met) == (broken == "no room for its socket")
    assert caplog.text.count("The chat cannot be started") == len(met)
    assert "The chat ended with exit code 2" in caplog.text


def test_a_role_that_can_never_work_here_is_left_alone(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    commands = {
        "engine": child(place, "engine", "time.sleep(0.2); sys.exit(3)"),
        "screen": child(place, "screen", "sys.exit(69)"),
    }
    assert supervise(place, commands, ("engine started", 3), ("screen started", 1)) == 0
    assert notes(place).count("screen started") == 1
    assert "The screen" not in caplog.text


GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
NOTED = """
notes = open(place / "notes", "a", buffering=1)
look = Silence.look
def unguarded(self, now):
    self.seconds += now - self._looked_at
    self._looked_at = now
    return self.seconds
def noted(self, now):
    notes.write("looked late\\n" if now - self._looked_at > 2.0 else "looked\\n")
    return (look if is_guarded else unguarded)(self, now)
Silence.look = noted
"""


@GUARD
async def test_a_supervisor_that_was_stopped_kills_nobody(place: Path, is_guarded: bool) -> None:
    """As when somebody presses Ctrl-Z, closes the laptop or stops the virtual machine for longer than its patience."""
    body = (
        """
while not (place / "quiet").exists(): alive(); time.sleep(0.01)
notes.write("engine is quiet\\n")
while not (place / "resumed").exists(): time.sleep(0.01)
end = time.monotonic() + 0.3
while time.monotonic() < end: alive(); time.sleep(0.01)
notes.write("engine outlived it\\n")
"""
        + STEADY
    )
    patience = Patience(watchdog_s=2.0, first_pause_s=0.01, last_pause_s=0.02, end_s=2.0)
    command = child(place, "engine", body)
    code = f"""
import asyncio
from pathlib import Path
from appliance.supervisor.run import Patience, Supervisor
from appliance.supervisor.run_dir import RunDir
from appliance.system.starving import Silence
place, is_guarded = Path({str(place)!r}), {is_guarded}
{NOTED}
asyncio.run(Supervisor({{"engine": {command!r}}}, RunDir(place), {patience!r}).run())
"""

    async with asyncio.timeout(LIMIT_S):
        supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        await until(place, "engine started")
        (place / "quiet").touch()
        await until(place, "engine is quiet")
        await until(place, "looked", notes(place).count("looked") + 1)  # so that nothing waits to be heard
        supervisor.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2.2)
        supervisor.send_signal(signal.SIGCONT)
        await until(place, "looked late")
        (place / "resumed").touch()
        await until(place, *(("engine outlived it", 1) if is_guarded else ("engine started", 2)))
        supervisor.terminate()
        assert await supervisor.wait() == 0
    assert (notes(place).count("engine started") == 1) is is_guarded


STARVED = """
hogs = [os.fork() for _ in range(4)]
if 0 in hogs:
    end = time.monotonic() + 60
    while time.monotonic() < end: pass
    os._exit(0)
os.nice(12)
"""


def test_what_waits_for_a_processor_is_not_killed(place: Path) -> None:
    """Four busy neighbours of a better priority on its only processor leave it one part in sixty."""
    body = (
        f"os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})\n{STARVED}"
        """
longest, before = 0.0, time.monotonic()
while True:
    end = time.process_time() + 0.02
    while time.process_time() < end: pass
    alive()
    longest, before = max(longest, time.monotonic() - before), time.monotonic()
    if longest > 0.9:
        for hog in hogs: os.kill(hog, 9)
        notes.write("engine starved\\n")
        break
""" + STEADY
    )
    assert supervise(place, {"engine": child(place, "engine", body)}, ("engine starved", 1)) == 0
    assert notes(place).count("engine started") == 1


def test_what_hangs_on_a_busy_processor_is_killed_all_the_same(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = f"os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})\n{STARVED}\nalive(); time.sleep(99)"
    assert supervise(place, {"engine": child(place, "engine", body)}, ("engine started", 2)) == 0
    assert "gave no sign of life and was killed" in caplog.text


@pytest.mark.parametrize("missing", ["nothing", "sockets", "lock"])
def test_a_deleted_run_directory_ends_nobody(
    place: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Roles are heard again through new sockets, what dies starts again, and no second run can begin meanwhile."""
    if missing == "sockets":
        monkeypatch.setattr(NotifyLine, "is_there", True)
    if missing == "lock":
        monkeypatch.setattr(RunDir, "keep", lambda _: None)
    home = place / "run"
    body = """
line.setblocking(False)
while True:
    deleted = (place / "deleted").exists()
    try: alive(); heard = True
    except OSError: heard = False
    if heard and deleted: break
    time.sleep(0.01)
end = time.monotonic() + 1.2
while time.monotonic() < end: alive(); time.sleep(0.01)
notes.write("engine heard again\\n")
"""

    async def test() -> int:
        home.mkdir()
        async with asyncio.timeout(LIMIT_S):
            with contextlib.closing(RunDir(home)) as held:
                running = asyncio.create_task(Supervisor({"engine": child(place, "engine", body)}, held, QUICK).run())
                await until(place, "engine started")
                shutil.rmtree(home)
                (place / "deleted").touch()
                await until(place, "engine heard again")
                await until(place, "engine started", 2)
                if missing == "lock":
                    RunDir(home).close()
                else:
                    while not (home / "run.lock").exists():  # noqa: ASYNC110 - made by the supervisor's own look
                        await asyncio.sleep(0.01)
                    with pytest.raises(Refused):
                        RunDir(home)
                os.kill(os.getpid(), signal.SIGTERM)
                return await running

    assert asyncio.run(test()) == 0
    assert ("gave no sign of life" in caplog.text) is (missing == "sockets")
    assert caplog.text.count("was deleted by somebody") == (missing != "lock")


def test_a_run_directory_that_cannot_be_made_again_ends_nobody(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = place / "run"
    home.mkdir()
    with contextlib.closing(RunDir(home)) as held:
        shutil.rmtree(home)
        home.write_text("a file where the directory was")
        held.keep()
        held.keep()
        assert caplog.text.count("cannot be made anew") == 1
        home.unlink()
        held.keep()
        with pytest.raises(Refused):
            RunDir(home)


def test_root_is_told_not_to_be(place: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Config] = []

    def supervise_nothing(config: Config, *_: object) -> int:
        started.append(config)
        return 0

    monkeypatch.setattr(run_room, "_supervise", supervise_nothing)
    config = place / "box.toml"
    config.write_text(f'state-dir = "{place}/state"\nrun-dir = "{place}/run"\n')
    for user, warnings in ((0, 1), (1000, 1)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert run_room.run(config) == 0
        assert caplog.text.count("Plugcast runs as root") == warnings
    assert len(started) == 2
