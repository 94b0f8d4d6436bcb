"""`python -m benchmarks` (or ./dev bench): measures us and the peers in one run and prints the tables."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from appliance.errors import Unavailable
from benchmarks import changes, latency, likeness, report, rounds, work
from benchmarks.measure import Failed, run
from benchmarks.peers import CAREFUL, Job
from benchmarks.work import FRAME_BYTES, Material, Work

_FAST_MEMORY = Path("/dev/shm")  # noqa: S108 - a tmpfs is the point: frames from memory
_MARK = "<!-- measured -->"


def main(arguments: list[str]) -> int:
    """Runs what was asked for. Returns 1 when a command of the run failed, 2 when there is no room for the clip."""
    options = _parser().parse_args(arguments)
    works = [one for one, name in zip(work.ALL, report.names(), strict=True) if options.only in (None, name)]
    where = _FAST_MEMORY if _FAST_MEMORY.is_dir() else Path(tempfile.gettempdir())
    if shutil.disk_usage(where).free < options.clip * FRAME_BYTES * 1.3:
        _say(f"The clip needs {options.clip * FRAME_BYTES >> 20} MB in {where}; make it shorter with --clip.")
        return 2
    with tempfile.TemporaryDirectory(dir=where, prefix="plugcast-bench-") as directory:
        _say(f"rendering {options.clip} frames of 1080p60")
        try:
            material = work.make(Path(directory), options.clip)
            findings = _find(options, works, material)
        except (Failed, Unavailable) as failure:
            _say(str(failure))
            return 1
        text = report.text(findings, material)
    sys.stdout.write(text)
    if options.write:
        _write(Path(options.write), text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Side by side with ffmpeg and GStreamer.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody does everything (default 5)")
    parser.add_argument("--clip", type=int, default=240, help="frames in the clip, 4 MB each (default 240)")
    parser.add_argument("--only", choices=report.names(), help="one canvas instead of all")
    parser.add_argument("--long", type=int, default=10_000, help="frames of the memory run, 0 for none")
    parser.add_argument("--seconds", type=float, default=10, help="length of each latency run, 0 for none")
    parser.add_argument("--changes", type=int, default=2000, help="changes of State to count, 0 for none")
    parser.add_argument("--write", metavar="FILE", help="put the tables into this page, below its mark")
    return parser


def _find(options: argparse.Namespace, works: list[Work], material: Material) -> report.Findings:
    results = rounds.race(works, material, options.rounds, _say)
    delays = {}
    if options.seconds:
        for one in works:
            for preset in rounds.PRESETS:
                _say(f"latency: {one.name}, {preset}")
                delays[f"{one.name}, {preset}"] = latency.measure(one, material, preset, options.seconds)
    alike = {}
    if CAREFUL.is_here:
        for one in works:
            _say(f"likeness: {one.name}")
            alike[one.name] = _likeness(one, material)
    memory = _memory(works[0], material, options.long) if options.long else None
    return report.Findings(works, options.rounds, results, alike, delays, memory, _costs(options.changes))


def _likeness(one: Work, material: Material) -> likeness.Likeness:
    """Ours against ffmpeg's careful graph, over the clip's first second."""
    mine, theirs = material.directory / "ours.yuv", material.directory / "theirs.yuv"
    frames = min(60, material.frames)
    run(rounds.ours(Job(one, material, frames, "raw", str(mine))))
    command = CAREFUL.command(Job(one, material, frames, "raw", str(theirs)))
    if command is None:
        raise Failed("there is no careful graph for this canvas")
    run(command)
    alike = likeness.compare(one, mine, theirs)
    mine.unlink()
    theirs.unlink()
    return alike


def _costs(times: int) -> dict[str, changes.Cost]:
    if not times:
        return {}
    _say(f"{times} changes of State")
    return changes.measure(times)


def _memory(one: Work, material: Material, canvases: int) -> report.Memory:
    """Anonymous memory of our whole pipeline while it makes so many frames."""
    _say(f"memory over {canvases} frames")
    source_frames = canvases * work.SOURCE_FPS // one.picture.fps
    job = Job(one, material, source_frames, rounds.PRESETS[0], "/dev/null")
    command = rounds.ours(job, "--report", str(max(1, canvases // 20)))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"the memory run failed: {done.stderr[-400:]}")
    pairs = [line.split() for line in done.stdout.splitlines()]
    return report.Memory({int(frame): int(kilobytes) / 1024 for frame, kilobytes in pairs})


def _write(page: Path, text: str) -> None:
    """Replaces what follows the mark in a page; a page without one gets it at its end."""
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(f"{before.split(_MARK)[0].rstrip()}\n\n{_MARK}\n\n{text}", encoding="utf-8")


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
