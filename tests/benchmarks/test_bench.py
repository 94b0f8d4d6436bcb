"""The benchmark works: everybody can do every job, pictures agree, the report says what is missing. Times nothing."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from benchmarks import __main__ as bench
from benchmarks import changes, report, rounds, work
from benchmarks.latency import Latency
from benchmarks.likeness import Likeness
from benchmarks.measure import Failed, run
from benchmarks.peers import CAREFUL, GSTREAMER, PEERS, Job
from benchmarks.work import Material

FRAMES = 4


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return work.make(tmp_path_factory.mktemp("clip"), FRAMES)


def h264_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


@pytest.mark.parametrize("task", [work.PORTRAIT, work.LANDSCAPE], ids=lambda task: task.name)
@pytest.mark.parametrize("runner", rounds.runners(), ids=lambda runner: runner.name)
def test_everybody_makes_every_frame(
    material: Material, runner: rounds.Runner, task: work.Work, tmp_path: Path
) -> None:
    into = tmp_path / "out.flv"
    command = runner.command(Job(task, material, FRAMES, "ultrafast", str(into)))
    assert command is not None
    run(command)
    assert abs(h264_frames(into) - FRAMES * task.picture.fps // work.SOURCE_FPS) <= 1


@pytest.mark.skipif(not CAREFUL.is_here, reason="ffmpeg is not installed")
@pytest.mark.parametrize("task", [work.PORTRAIT, work.LANDSCAPE], ids=lambda task: task.name)
def test_our_canvas_is_that_of_the_careful_graph(material: Material, task: work.Work) -> None:
    alike = bench._likeness(task, material)
    assert alike.band >= 0.95
    assert alike.whole >= 0.95


def test_a_run_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no-such-file"):
        run(["ls", str(tmp_path / "no-such-file")])


def costs(mine: float) -> dict[str, changes.Cost]:
    return {changes.ONE_SLICE: changes.Cost(mine * 100, 60, ("recordings", "record")[: 1 + (mine > 5)])}


def findings(mine: float) -> report.Findings:
    results = {
        (task.name, output, name): rounds.Result([ms, ms + 9, ms], [50.0])
        for task in work.ALL
        for output in (rounds.CANVAS, *rounds.PRESETS)
        for name, ms in ((CAREFUL.name, 10.0), (rounds.OURS, mine))
    }
    delay = {f"{work.PORTRAIT.name}, superfast": Latency(12.0, 20.0, 300, 0)}
    memory = report.Memory({frame: 50.0 + mine * (frame > 5000) for frame in range(0, 10_001, 1000)})
    return report.Findings(work.ALL, 3, results, {work.PORTRAIT.name: Likeness(0.9, 0.99)}, delay, memory, costs(mine))


def test_the_report_judges_the_targets(tmp_path: Path) -> None:
    good = {target.what: target.is_met for target in report.targets(findings(1.5))}
    assert all(good.values())
    assert len(good) == 9
    bad = [target.what for target in report.targets(findings(9.9)) if not target.is_met]
    assert bad == [
        "canvas work against ffmpeg's careful graph, portrait",
        "whole pipeline at superfast against careful ffmpeg, portrait",
        "whole pipeline at superfast against ffmpeg, landscape",
        "its growth over the run",
        "50 changes a second of one slice",
        "slices that they touch",
    ]


def test_a_change_of_one_slice_touches_no_other() -> None:
    found = changes.measure(3)
    assert [cost.touched for cost in found.values()] == [("recordings",), ("canvas",)]
    assert all(0 < cost.bytes < 2000 for cost in found.values())
    assert changes.Cost(us=401.0, bytes=0, touched=()).share > changes.MOST_SHARE


def test_a_missing_peer_is_said_and_leaves_a_gap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = report.text(findings(1.5), Material(tmp_path, FRAMES))
    assert "Not installed here, so not measured: ffmpeg, gst-launch-1.0." in text
    row = next(line for line in text.splitlines() if line.startswith(f"| {GSTREAMER.name} |"))
    assert set(row.replace(GSTREAMER.name, "").replace("|", "").split()) == {"–"}
    assert [runner.name for runner in rounds.runners()] == [rounds.OURS, rounds.OURS_READING]
    assert str(tmp_path) not in text
    assert all(peer.name in text for peer in PEERS)


def test_writing_replaces_only_what_is_below_the_mark(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Speed\n\nWords.\n", encoding="utf-8")
    bench._write(page, "first\n")
    bench._write(page, "second\n")
    assert page.read_text(encoding="utf-8").startswith("# Speed\n\nWords.\n")
    assert page.read_text(encoding="utf-8").endswith("second\n")
    assert "first" not in page.read_text(encoding="utf-8")
