"""Faults of the server: gone and back, dropping us, frozen, silent, lying, flooding, refusing the key."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.fakes.rtmp_server import GOOD, Behaviour, RtmpServer, Trick
from tests.faults.row import Outcome
from tests.faults.stage import KEY, Setup, Stage
from tests.faults.watch import is_lost, is_on_air, names

BACK_S = 3.0
NOTICED_S = 9.0
GROWTH_MB = 8.0
NO_REPLAY = "[replay]\nseconds = 0\n"


def killed(home: Path) -> Outcome:
    """The server is killed and started again after 5 s."""
    outcome = Outcome()
    with Stage(home) as stage:
        calm = stage.go_live()
        at = time.monotonic()
        stage.nginx.kill()
        outcome.prove("the server still listens", not stage.nginx.listens)
        outcome.detected_s = stage.watch.wait("the loss is seen", is_lost, NOTICED_S, at)
        time.sleep(5 - (time.monotonic() - at))
        stage.nginx.start()
        finish(stage, outcome, calm, time.monotonic())
    return outcome


def dropped(home: Path) -> Outcome:
    """The server disconnects us in good order."""
    outcome = Outcome()
    with Stage(home) as stage:
        calm = stage.go_live()
        at = time.monotonic()
        dropped = stage.nginx.drop(KEY.partition("?")[0])
        outcome.prove(f"the server dropped {dropped} publishers", dropped == 1)
        outcome.detected_s = stage.watch.wait("the loss is seen", is_lost, 1.0, at)
        outcome.back_s = stage.watch.wait("on air", is_on_air, 5.0, at + outcome.detected_s) + outcome.detected_s
        time.sleep(1)
        outcome.demand(f"published after {outcome.back_s:.2f} s", outcome.back_s <= 1.0)
        stage.measure(outcome, calm)
    return outcome


def frozen(home: Path) -> Outcome:
    """The server's process stands still for 25 s: connections stay open and nothing is read."""
    outcome = Outcome()
    with Stage(home, Setup(more=NO_REPLAY)) as stage:
        stage.go_live()
        before = stage.size()
        at = time.monotonic()
        stage.nginx.freeze(True)
        outcome.prove("the server does not stand still", stage.nginx.stands_still)
        outcome.detected_s = stage.watch.wait("the loss is seen", is_lost, 24, at)
        grown = stage.size().memory_mb - before.memory_mb
        outcome.demand(f"memory grew by {grown:.1f} MB", grown <= GROWTH_MB)
        time.sleep(25 - (time.monotonic() - at))
        stage.nginx.freeze(False)
        thawed = time.monotonic()
        outcome.back_s = stage.watch.wait("on air", is_on_air, 30, thawed)
        outcome.demand(f"on air after {outcome.back_s:.2f} s", outcome.back_s <= BACK_S)
        time.sleep(2)
        # What had waited in the frozen server's buffers comes when it thaws, so its files do not tell what is lost.
        outcome.notes.append(f"{stage.box.state()['destinations'][0]['dropped-frames']} frames were not sent")
    return outcome


def finish(stage: Stage, outcome: Outcome, calm: float, healed: float) -> None:
    """Waits for the air after the fault has ended at `healed`, and demands it within three seconds."""
    stage.watch.wait("on air", is_on_air, 60, healed)
    time.sleep(2)
    outcome.back_s = stage.arrivals.back_s(healed)
    back_s = outcome.back_s if outcome.back_s is not None else float("inf")
    outcome.demand(f"viewers back after {back_s:.2f} s", back_s <= BACK_S)
    stage.measure(outcome, calm)


def tricked(trick: Trick, code: str, known_within_s: float) -> Callable[[Path], Outcome]:
    """A server of ours misbehaves from the first connection on for 30 s, then behaves."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with RtmpServer(receive_buffer=4096) as server:
            server.usual = Behaviour(trick)
            # Without the replay's ring, which takes its minute to fill and would look like growth.
            address = f"rtmp://127.0.0.1:{server.port}/live"
            with Stage(home, Setup(server=address, more=NO_REPLAY)) as stage:
                stage.see_picture()
                before = stage.size()
                at = time.monotonic()
                stage.box.do("go-live")
                outcome.detected_s = stage.watch.wait(code, names(code), known_within_s, at)
                time.sleep(30 - (time.monotonic() - at))
                grown = stage.size().memory_mb - before.memory_mb
                outcome.notes.append(f"memory {grown:+.1f} MB in 30 s, {len(server.received)} attempts")
                outcome.demand(f"memory grew by {grown:.1f} MB", grown <= GROWTH_MB)
                outcome.prove("nobody came to the server", bool(server.received))
                published = sum(received.is_publishing for received in server.received)
                outcome.prove(f"the server took {published} publishes", not published)
                server.usual = GOOD
                server.hang_up()
                healed = time.monotonic()
                outcome.back_s = stage.watch.wait("on air", is_on_air, 30, healed)
                slowest_ms = stage.watch.slowest_health_s * 1000
                outcome.demand(f"/healthz took {slowest_ms:.0f} ms", slowest_ms <= 100)
        return outcome

    return run


def key_refused(home: Path) -> Outcome:
    """The server refuses the key when the connection comes back; a pasted key resumes."""
    outcome = Outcome()
    with Stage(home) as stage:
        calm = stage.go_live()
        encoded = stage.box.state()["canvas"]["composed"]
        stage.nginx.hooks.publish_status = 403
        at = time.monotonic()
        stage.nginx.drop(KEY.partition("?")[0])
        outcome.detected_s = stage.watch.wait("a key is asked for", lambda seen: seen.live == "needs-key", 90, at)
        tries = stage.publishes
        outcome.prove("no publish was refused", tries > 1)
        time.sleep(30)
        outcome.demand(
            f"{stage.publishes - tries} tries in 30 s with a key that was refused", stage.publishes - tries <= 4
        )
        outcome.demand("tried all the same", stage.publishes > tries)
        stage.nginx.hooks.publish_status = 200
        pasted = time.monotonic()
        stage.box.do("paste-key", text="stream-2?sign=new")
        stage.watch.wait("on air", is_on_air, 10, pasted)
        time.sleep(1)
        outcome.back_s = stage.arrivals.back_s(pasted)
        back_s = outcome.back_s if outcome.back_s is not None else float("inf")
        outcome.demand(f"on air {back_s:.2f} s after the paste", back_s <= 1.0)
        composed = stage.box.state()["canvas"]["composed"] - encoded
        passed = time.monotonic() - calm
        outcome.demand(f"{composed} frames composed in {passed:.0f} s", composed >= (passed - 1) * stage.fps)
        stage.measure(outcome, calm)
    return outcome
