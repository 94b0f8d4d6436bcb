"""Faults of the way to the server: swallowed, narrow, lossy and long, another address."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.box.uplink import HERE, NAMESPACE, THERE
from tests.faults.row import Outcome
from tests.faults.servers import NOTICED_S, finish
from tests.faults.stage import BUSY_PICTURE, Setup, Stage
from tests.faults.watch import is_lost, is_on_air
from tests.servers.nginx import Place

WIDE_KBPS = 2000
CUT_S = 20.0
HOOKS = "10.76.0.1"


def black_holed(seconds: float) -> Callable[[Path], Outcome]:
    """The path swallows everything for a while."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with Stage(home) as stage:
            calm = stage.go_live()
            at = time.monotonic()
            stage.uplink.lose()
            outcome.detected_s = stage.watch.wait("the loss is seen", is_lost, 30, at)
            outcome.demand(f"noticed after {outcome.detected_s:.1f} s", outcome.detected_s <= NOTICED_S)
            time.sleep(seconds - (time.monotonic() - at))
            refused = stage.publishes
            outcome.prove("the path has swallowed nothing", stage.uplink.swallowed > 0)
            stage.uplink.find()
            finish(stage, outcome, calm, time.monotonic())
            outcome.notes.append(f"{stage.publishes - refused} publish asked for after the path was back")
        return outcome

    return run


def narrowed(share: float) -> Callable[[Path], Outcome]:
    """The uplink carries only a share of what we send, for 20 s."""

    def run(home: Path) -> Outcome:
        outcome = Outcome()
        with Stage(home, Setup(device=BUSY_PICTURE, size="360x640", kbps=WIDE_KBPS)) as stage:
            calm = stage.go_live(6.0)
            at = time.monotonic()
            stage.uplink.narrow(round(WIDE_KBPS * share))
            lower = stage.watch.wait("a lower bitrate", lambda seen: seen.target_kbps < WIDE_KBPS, CUT_S, at)
            outcome.detected_s = lower
            time.sleep(CUT_S - (time.monotonic() - at))
            outcome.prove("no packet had to wait for the line", stage.uplink.queued.overlimits > 0)
            stage.uplink.wide()
            healed = time.monotonic()
            outcome.back_s = stage.watch.wait("the bitrate is back", lambda s: s.target_kbps == WIDE_KBPS, 60, healed)
            outcome.demand(f"bitrate back after {outcome.back_s:.1f} s", outcome.back_s <= 30)
            worst_ms = max(seen.backlog_ms for seen in stage.watch.since(at))
            lowest = min(seen.target_kbps for seen in stage.watch.since(at))
            outcome.notes.append(f"backlog at most {worst_ms} ms, bitrate down to {lowest} kbit/s")
            outcome.demand(f"backlog of {worst_ms} ms", worst_ms <= 2000)
            stage.measure(outcome, calm)
            outcome.demand(f"{stage.publishes} publishes", stage.publishes == 1)
            outcome.demand(f"{outcome.sound_lost_ms} ms of sound lost", outcome.sound_lost_ms == 0)
        return outcome

    return run


def lossy(home: Path) -> Outcome:
    """Every twentieth packet is lost on a way of 200 ms there and back, for two minutes."""
    outcome = Outcome()
    with Stage(home, Setup(device=BUSY_PICTURE, size="360x640", kbps=WIDE_KBPS)) as stage:
        calm = stage.go_live()
        at = time.monotonic()
        stage.uplink.far(200, 5)
        time.sleep(120)
        queued, way_ms = stage.uplink.queued, stage.uplink.round_trip_ms(stage.nginx.port)
        lost = queued.drops / (queued.packets + queued.drops)
        outcome.notes.append(f"{lost * 100:.1f} % of {queued.packets} packets lost, {way_ms:.0f} ms there and back")
        outcome.prove(f"{lost * 100:.1f} % of the packets lost", 0.02 <= lost <= 0.09)
        outcome.prove(f"{way_ms:.0f} ms there and back", 190 <= way_ms <= 300)
        seen = stage.watch.since(at)
        worst_ms, lowest = max(s.backlog_ms for s in seen), min(s.target_kbps for s in seen)
        outcome.notes.append(f"backlog at most {worst_ms} ms, bitrate down to {lowest} kbit/s")
        outcome.demand("the live was lost", all(map(is_on_air, seen)))
        outcome.demand(f"{stage.publishes} publishes", stage.publishes == 1)
        stage.measure(outcome, calm)
        outcome.demand(f"{outcome.sound_lost_ms} ms of sound lost", outcome.sound_lost_ms == 0)
    return outcome


def moved(home: Path) -> Outcome:
    """From Wi-Fi to Ethernet: the address in use goes, another way to the server comes 2 s later."""
    outcome = Outcome()
    place = Place(THERE, HOOKS, ("ip", "netns", "exec", NAMESPACE))
    run(f"ip addr add {HOOKS}/32 dev lo")
    try:
        with Stage(home, Setup(place=place)) as stage:
            stage.uplink.there(f"ip route add {HOOKS} via {HERE}")
            run(f"ip link add ether type veth peer name cable netns {NAMESPACE}")
            stage.uplink.there("ip addr add 10.78.0.2/24 dev cable")
            stage.uplink.there("ip link set cable up")
            calm = stage.go_live()
            at = time.monotonic()
            run(f"ip addr del {HERE}/24 dev uplink")
            outcome.prove("the address is still there", HERE not in answer("ip -4 addr show"))
            time.sleep(2)
            run("ip addr add 10.78.0.1/24 dev ether")
            run("ip link set ether up")
            stage.uplink.there(f"ip route replace {HOOKS} via 10.78.0.1")
            run(f"ip route add {THERE}/32 via 10.78.0.2")
            healed = time.monotonic()
            outcome.detected_s = stage.watch.wait("the loss is seen", is_lost, 12, at)
            stage.watch.wait("on air", is_on_air, 30, at + outcome.detected_s)
            time.sleep(1)
            outcome.back_s = next((tag.at - healed for tag in stage.arrivals.pictures(healed)), None)
            back_s = outcome.back_s if outcome.back_s is not None else float("inf")
            limit_s = NOTICED_S + 3.0
            outcome.demand(f"viewers back after {back_s:.1f} s", back_s <= limit_s)
            stage.measure(outcome, calm)
    finally:
        run(f"ip addr del {HOOKS}/32 dev lo")
    return outcome


def run(command: str) -> None:
    """A command; raises RuntimeError with what it said when it fails."""
    answer(command)


def answer(command: str) -> str:
    """What a command prints. Raises RuntimeError with what it said when it fails."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    return done.stdout
