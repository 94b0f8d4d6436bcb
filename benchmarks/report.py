"""What was measured as Markdown: tables, targets, command lines. Pure text; measures nothing."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from benchmarks.changes import A_SECOND, MOST_SHARE, ONE_SLICE, READERS, Cost
from benchmarks.latency import Latency
from benchmarks.likeness import Likeness
from benchmarks.peers import BEST, CAREFUL, PEERS, Job
from benchmarks.rounds import CANVAS, OURS, OURS_READING, PRESETS, Results
from benchmarks.work import ALL, LANDSCAPE, PORTRAIT, THREADS, Material, Work


@dataclass(frozen=True, slots=True)
class Memory:
    """Anonymous memory in MB over a long run, by frame number."""

    by_frame: dict[int, float]

    @property
    def settled(self) -> list[float]:
        """After the first fifth, when everything has been allocated once."""
        first = max(self.by_frame) // 5
        return [value for frame, value in self.by_frame.items() if frame >= first]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything a run found; what was not asked for is None or empty."""

    works: Sequence[Work]
    rounds: int
    results: Results
    likeness: dict[str, Likeness]
    latency: dict[str, Latency]
    memory: Memory | None
    changes: dict[str, Cost]


@dataclass(frozen=True, slots=True)
class Target:
    """One goal and how it went."""

    what: str
    limit: str
    found: str
    is_met: bool


def text(findings: Findings, material: Material) -> str:
    """The whole report."""
    parts = [_machine(findings)]
    parts += [_table(findings, work) for work in findings.works]
    if findings.latency:
        parts.append(_latency(findings))
    if findings.likeness:
        parts.append(_likeness(findings))
    if findings.memory is not None:
        parts.append(_memory(findings.memory))
    if findings.changes:
        parts.append(_changes(findings.changes))
    parts += [_targets(findings), _commands(findings.works, material)]
    return "\n\n".join(parts) + "\n"


def _machine(findings: Findings) -> str:
    model = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    versions = [f"{peer.version}" for peer in (CAREFUL, PEERS[-1]) if peer.is_here]
    missing = sorted({peer.program for peer in PEERS if not peer.is_here})
    busy = f"{os.getloadavg()[1]:.1f} tasks wanted to run when it was done"
    rows = [
        f"- Machine: {model}, {os.cpu_count()} CPUs, Linux {platform.release()}; {busy}.",
        f"- Plugcast on Python {platform.python_version()}, PyAV {av.__version__}, numpy {np.__version__}.",
        f"- Peers: {'; '.join(versions) or 'none installed'}.",
        f"- {findings.rounds} rounds, everybody in turn, medians; x264 with {THREADS} slice threads, tune zerolatency.",
    ]
    if missing:
        rows.append(f"- Not installed here, so not measured: {', '.join(missing)}.")
    return "\n".join(rows)


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _table(findings: Findings, work: Work) -> str:
    rows = [
        f"### {work.name}, look {work.picture.look}, {work.kbps} kb/s",
        "",
        "CPU ms (user + sys) per output frame, and as a multiple of ours.",
        "",
        "| who | canvas only | x | superfast | x | ultrafast | x | peak MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in [peer.name for peer in PEERS] + [OURS, OURS_READING]:
        cells = []
        for output in (CANVAS, *PRESETS):
            result = findings.results.get((work.name, output, name))
            mine = findings.results.get((work.name, output, OURS))
            cells += (
                ["–", "–"] if result is None or mine is None else [f"{result.ms:.2f}", f"{result.ms / mine.ms:.2f}"]
            )
        memory = findings.results.get((work.name, PRESETS[0], name))
        rows.append(f"| {name} | {' | '.join(cells)} | {'–' if memory is None else f'{memory.mb:.0f}'} |")
    return "\n".join(rows)


def _latency(findings: Findings) -> str:
    rows = ["### From the driver's time stamp to the packet, ms", ""]
    rows += ["| task | p50 | p99 | frames | dropped |", "|---|---|---|---|---|"]
    for name, found in findings.latency.items():
        rows.append(f"| {name} | {found.p50_ms:.1f} | {found.p99_ms:.1f} | {found.frames} | {found.dropped} |")
    return "\n".join(rows)


def _likeness(findings: Findings) -> str:
    rows = ["### How close our canvas is to that of ffmpeg's careful graph (SSIM, all planes)", ""]
    rows += ["| task | whole picture | the game's band |", "|---|---|---|"]
    rows += [f"| {name} | {found.whole:.4f} | {found.band:.4f} |" for name, found in findings.likeness.items()]
    return "\n".join(rows)


def _memory(memory: Memory) -> str:
    last = max(memory.by_frame)
    picked = [frame for frame in memory.by_frame if frame % max(1, last // 10) < 500 or frame == last]
    rows = ["### Anonymous memory over a long run (720x1280@30, superfast), MB", ""]
    rows += ["| frame | " + " | ".join(str(frame) for frame in picked) + " |", "|---|" + "---|" * len(picked)]
    rows.append("| MB | " + " | ".join(f"{memory.by_frame[frame]:.1f}" for frame in picked) + " |")
    return "\n".join(rows)


def _changes(changes: dict[str, Cost]) -> str:
    rows = [f"### What a change of State costs control, with {READERS} readers of the feed", ""]
    rows += ["| cause | CPU us | bytes for each | slices touched |", "|---|---|---|---|"]
    rows += [f"| {name} | {cost.us:.0f} | {cost.bytes} | {', '.join(cost.touched)} |" for name, cost in changes.items()]
    return "\n".join(rows)


def targets(findings: Findings) -> list[Target]:
    """The goals that this run can judge."""
    found: list[Target] = []

    def ratio(what: str, work: Work, output: str, peer: str, limit: float) -> None:
        mine, theirs = (findings.results.get((work.name, output, name)) for name in (OURS, peer))
        if mine is not None and theirs is not None:
            value = mine.ms / theirs.ms
            found.append(Target(what, f"<= {limit:.2f} x", f"{value:.2f} x", value <= limit))

    ratio("canvas work against ffmpeg's careful graph, portrait", PORTRAIT, CANVAS, CAREFUL.name, 0.20)
    ratio("canvas work against ffmpeg's best graph, portrait", PORTRAIT, CANVAS, BEST.name, 0.50)
    ratio("whole pipeline at superfast against careful ffmpeg, portrait", PORTRAIT, "superfast", CAREFUL.name, 0.65)
    ratio("whole pipeline at superfast against ffmpeg, landscape", LANDSCAPE, "superfast", CAREFUL.name, 0.95)
    for name, latency in findings.latency.items():
        if name.startswith(PORTRAIT.name) and name.endswith("superfast"):
            found.append(Target("capture to packet, p50", "<= 15 ms", f"{latency.p50_ms:.1f} ms", latency.p50_ms <= 15))
    if PORTRAIT.name in findings.likeness:
        band = findings.likeness[PORTRAIT.name].band
        found.append(Target("SSIM in the band, portrait", ">= 0.95", f"{band:.4f}", band >= 0.95))
    if findings.memory is not None:
        most, growth = max(findings.memory.settled), findings.memory.settled[-1] - findings.memory.settled[0]
        found.append(Target("anonymous memory", "<= 80 MB", f"{most:.1f} MB", most <= 80))
        found.append(Target("its growth over the run", "<= 4 MB", f"{growth:+.1f} MB", growth <= 4))
    if findings.changes:
        one = findings.changes[ONE_SLICE]
        share, touched = one.share, len(one.touched)
        what = f"{A_SECOND} changes a second of one slice"
        found.append(Target(what, f"< {MOST_SHARE:.0%} of a core", f"{share:.2%}", share < MOST_SHARE))
        found.append(Target("slices that they touch", "1", str(touched), touched == 1))
    return found


def _targets(findings: Findings) -> str:
    rows = ["### Targets", "", "| what | target | measured | |", "|---|---|---|---|"]
    rows += [
        f"| {one.what} | {one.limit} | {one.found} | {'met' if one.is_met else 'MISSED'} |" for one in targets(findings)
    ]
    return "\n".join(rows)


def _commands(works: Sequence[Work], material: Material) -> str:
    rows = ["### The peers' command lines", ""]
    for work in works:
        for peer in PEERS:
            command = peer.command(Job(work, material, material.frames, PRESETS[0], "out.flv"))
            if command is not None and not (peer is BEST and work.picture.look == "full"):
                line = re.sub(re.escape(str(material.directory)) + "/", "", " ".join(_quoted(command)))
                rows += [f"{peer.name}, {work.name}:", "", "```", line, "```", ""]
    return "\n".join(rows).rstrip()


def _quoted(command: list[str]) -> list[str]:
    return [f"'{word}'" if any(sign in word for sign in "[;(") else word for word in command]


def names() -> list[str]:
    """What tasks are called on the command line."""
    return [work.name.split()[1].split("@")[0] for work in ALL]
