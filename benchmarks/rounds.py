"""Everybody does every task in turn, several rounds; start-up is subtracted by running two lengths."""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks import work as tasks
from benchmarks.measure import Cost, run
from benchmarks.peers import BEST, PEERS, Job
from benchmarks.work import SOURCE_FPS, Material, Work

OURS, OURS_READING = "Plugcast", "Plugcast, reading the file"
CANVAS = "null"
PRESETS = ("superfast", "ultrafast")


@dataclass(frozen=True, slots=True)
class Runner:
    """Somebody who can be given a job; `loops` when the job may be longer than the clip."""

    name: str
    command: Callable[[Job], list[str] | None]
    loops: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What one runner took for one task: CPU ms an output frame of each round, and the most memory."""

    frame_ms: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        """The median round."""
        return statistics.median(self.frame_ms)

    @property
    def mb(self) -> float:
        """The most anonymous memory of any round."""
        return max(self.memory_mb)


type Results = dict[tuple[str, str, str], Result]
"""By the names of work, output and runner."""


def ours(job: Job, *more: str) -> list[str]:
    """Our side's command line."""
    command = [sys.executable, "-m", "benchmarks.ours", "--work", str(tasks.ALL.index(job.work))]
    command += ["--directory", str(job.material.directory), "--clip-frames", str(job.material.frames)]
    command += ["--frames", str(job.frames), "--output", job.output, *more]
    return command if job.output == CANVAS else [*command, "--into", job.into]


def runners() -> list[Runner]:
    """All who are here."""
    peers = [Runner(peer.name, peer.command, peer.loops) for peer in PEERS if peer.is_here]
    mine = [Runner(OURS, ours, True), Runner(OURS_READING, lambda job: ours(job, "--read"), True)]
    return [*peers, *mine]


def race(works: Sequence[Work], material: Material, rounds: int, say: Callable[[str], None]) -> Results:
    """Runs all rounds. Raises `Failed` when a command does not work."""
    results: Results = defaultdict(Result)
    for number in range(rounds):
        for work in works:
            for output in (CANVAS, *PRESETS):
                say(f"round {number + 1} of {rounds}: {work.name}, {'canvas only' if output == CANVAS else output}")
                for runner in runners():
                    if runner.name == BEST.name and work.picture.look == "full":
                        continue  # the same graph as the careful one
                    measured = _frame_cost(runner, work, material, output)
                    if measured is not None:
                        results[work.name, output, runner.name].frame_ms.append(measured[0])
                        results[work.name, output, runner.name].memory_mb.append(measured[1])
    return dict(results)


def _frame_cost(runner: Runner, work: Work, material: Material, output: str) -> tuple[float, float] | None:
    # A canvas alone is so cheap that its run must be long beside the start-up of a process.
    times = (4 if output == CANVAS else 2) if runner.loops else 1
    lengths = (material.frames // 4, material.frames * times)
    costs: list[Cost] = []
    for frames in lengths:
        command = runner.command(Job(work, material, frames, output, str(material.directory / "out.flv")))
        if command is None:
            return None
        costs.append(run(command))
    frames = (lengths[1] - lengths[0]) * work.picture.fps // SOURCE_FPS
    return (costs[1].cpu_s - costs[0].cpu_s) / frames * 1000, costs[1].anonymous_mb
