"""A complete recording opens from its first bytes: for libav over HTTP, for a browser, and by its boxes for phones."""

from __future__ import annotations

import io
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.sinks.mp4 import Fragments, Mp4Writer, pieces
from appliance.recordings import mp4_boxes, mp4_index, recording_dir
from appliance.recordings.mp4_index import FragmentIndex, with_room
from tests.browser.chromium import browsing, device
from tests.engine.sinks.media import clip
from tests.recordings.samples import fragmented, growing, put

LONG_S = 1200
SHARE = 0.02
"""Of ten minutes' bytes or ten hours': what a player may need before it has length and first picture."""
NAME = "2026-01-01 20-00-00.mp4"


def long_recording(directory: Path, seconds: int) -> Path:
    """A recording of small pictures, as the recorder leaves it when the power goes; the mender completes it."""
    media = clip(4, 30, 160, 240, 100)
    begin = [media.video[0], media.audio[0]]
    fragments = Fragments()
    writer = Mp4Writer(fragments, media.params, begin)
    part = recording_dir.part_of(directory / NAME)
    with part.open("wb") as file:
        for turn in range(seconds // 4):
            for packet in media.packets:
                if turn or packet not in begin:
                    writer.write(replace(packet, pts_ns=packet.pts_ns + turn * 4_000_000_000))
            data = fragments.take()
            if not turn:
                beginning, *rest = pieces(data)
                data = b"".join((with_room(beginning), *rest))
            file.write(data)
        writer.close()
        file.write(fragments.take_rest())
    assert recording_dir.mend(directory) == [NAME]
    return directory / NAME


@dataclass
class Served:
    """A file over HTTP with ranges; of its bytes only the first `most` come until `rest` is set.

    `missed` is set when somebody wants others before.
    """

    path: Path
    most: int
    url: str = ""
    rest: threading.Event = field(default_factory=threading.Event)
    missed: threading.Event = field(default_factory=threading.Event)


@contextmanager
def served(path: Path, share: float) -> Iterator[Served]:
    answer = Served(path, round(path.stat().st_size * share))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/":
                page = b"<video id=v preload=metadata muted src=/file></video>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                return
            size = path.stat().st_size
            asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            first, last = (int(asked[1]), int(asked[2] or size - 1)) if asked else (0, size - 1)
            self.send_response(206 if asked else 200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(last - first + 1))
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.end_headers()
            with path.open("rb") as file:
                while first <= last:
                    if first >= answer.most and not answer.rest.is_set():
                        answer.missed.set()
                        answer.rest.wait()
                    file.seek(first)
                    end = last + 1 if answer.rest.is_set() else min(last + 1, answer.most)
                    data = file.read(min(32_768, end - first))
                    try:
                        self.wfile.write(data)
                    except OSError:
                        break
                    first += len(data)
            self.close_connection = True

        def log_message(self, *_words: object) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield answer
        finally:
            answer.rest.set()
            server.shutdown()


@pytest.fixture
def is_indexed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(FragmentIndex, "steps", lambda _self: iter(()))
    return bool(request.param)


BOTH = pytest.mark.parametrize("is_indexed", [True, False], ids=["indexed", "without-index"], indirect=True)


@BOTH
@pytest.mark.slow
@pytest.mark.timeout(60)
def test_libav_knows_the_length_over_http_from_the_beginning(tmp_path: Path, is_indexed: bool) -> None:
    path = long_recording(tmp_path, LONG_S)
    with served(path, SHARE) as web:
        words = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", f"{web.url}/file"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as probe:
            if not is_indexed:
                assert web.missed.wait(20)
                web.rest.set()
            said = probe.communicate(timeout=50)[0]
        # The last bytes of a file may be looked at: some keep their index there.
        assert not is_indexed or not web.rest.is_set()
    assert float(said) == pytest.approx(LONG_S, abs=1)


@BOTH
@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_browser_has_length_and_picture_from_the_beginning(tmp_path: Path, is_indexed: bool) -> None:
    path = long_recording(tmp_path, LONG_S)
    with served(path, SHARE) as web, browsing() as browser, device(browser) as phone:
        page = phone.new_page()
        page.goto(f"{web.url}/", wait_until="commit")
        if not is_indexed:
            assert web.missed.wait(20)
            assert page.evaluate("v.readyState") == 0
            return
        page.wait_for_function("document.querySelector('video')?.readyState >= 2", timeout=40_000)
        assert page.evaluate("v.duration") == pytest.approx(LONG_S, abs=1)
        web.rest.set()
        page.evaluate(f"v.currentTime = {LONG_S - 100}")
        page.wait_for_function("!v.seeking && v.readyState >= 2", timeout=30_000)
        assert page.evaluate("v.error") is None


def indexes_of(data: bytes) -> list[tuple[int, int, list[tuple[int, int, int]]]]:
    """Of every index its ticks a second, where its first row's bytes begin, and its rows: size, ticks, flags."""
    found, start = [], data.find(b"sidx") - 4
    while data[start + 4 : start + 8] == b"sidx":
        size, scale = int.from_bytes(data[start : start + 4]), int.from_bytes(data[start + 16 : start + 20])
        first = start + size + int.from_bytes(data[start + 28 : start + 36])
        count = int.from_bytes(data[start + 38 : start + 40])
        rows = [data[start + 40 + 12 * n : start + 52 + 12 * n] for n in range(count)]
        found.append(
            (scale, first, [(int.from_bytes(r[:4]), int.from_bytes(r[4:8]), int.from_bytes(r[8:])) for r in rows])
        )
        start += size
    return found


def test_by_its_boxes_a_phone_finds_length_and_every_group(tmp_path: Path) -> None:
    """What Apple's and Android's players read: mvhd, mdhd and mehd for the length, and indexes that cover all."""
    put(tmp_path, f"{NAME}.part", growing(8))
    assert recording_dir.mend(tmp_path) == [NAME]
    data = (tmp_path / NAME).read_bytes()
    indexes = indexes_of(data)
    assert [scale for scale, *_ in indexes] == [90_000, 48_000]
    for scale, first, rows in indexes:
        at = first
        assert [data.index(b"moof") - 4, at + sum(size for size, *_ in rows)] == [at, len(data)]
        for size, _, sap in rows:
            assert data[at + 4 : at + 8] == b"moof"
            assert sap == 0x9000_0000
            at += size
        assert sum(ticks for _, ticks, _ in rows) == pytest.approx(8 * scale, rel=0.02)
    with (tmp_path / NAME).open("rb") as file:
        moov = mp4_boxes.head(file)
        assert mp4_boxes.seconds(file) == pytest.approx(8, abs=0.1)
    for kind, place, size in ((b"mvhd", 16, 4), (b"tkhd", 20, 4), (b"mdhd", 16, 4), (b"mehd", 4, 4)):
        body = moov.index(kind) + 4
        assert int.from_bytes(moov[body + place : body + place + size]) > 0, kind
    with av.open(str(tmp_path / NAME)) as file_:
        assert file_.duration is not None
        assert file_.duration / 1e6 == pytest.approx(8, abs=0.1)
        assert sum(1 for _ in file_.decode(video=0)) == 240


def test_many_groups_share_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mp4_index, "_MOST_ROWS", 3)
    put(tmp_path, f"{NAME}.part", growing(16))
    recording_dir.mend(tmp_path)
    data = (tmp_path / NAME).read_bytes()
    for _, at, rows in indexes_of(data):
        assert len(rows) <= 3
        assert at + sum(size for size, *_ in rows) == len(data)
    with av.open(str(tmp_path / NAME)) as file:
        file.seek(15_000_000)
        assert next(file.decode(video=0)).time == pytest.approx(12, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_power_cut_while_the_index_is_written_leaves_a_file_that_plays(data: st.DataObject) -> None:
    whole = bytearray(growing(4))
    index = FragmentIndex()
    index.add(bytes(whole), 0)
    steps = list(index.steps())
    assert len(steps) == 3
    done = data.draw(st.integers(0, len(steps) - 1))
    for step in steps[:done]:
        for at, patch in step:
            whole[at : at + len(patch)] = patch
    for at, patch in steps[done]:
        # Of the step that is cut off any bytes may be there; eight that lie in one sector are there or not.
        cut = data.draw(st.integers(0, len(patch))) if len(patch) > 8 else data.draw(st.sampled_from([0, len(patch)]))
        whole[at : at + cut] = patch[:cut]
    with av.open(io.BytesIO(bytes(whole)), "r") as file:
        assert sum(packet.size > 0 for packet in file.demux(video=0)) == 120


def test_a_recording_of_the_first_version_is_mended_as_before(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.part", fragmented(4)[:-300])
    assert recording_dir.mend(tmp_path) == [NAME]
    with av.open(str(tmp_path / NAME)) as file:
        assert sum(1 for _ in file.decode(video=0)) >= 60


def test_one_that_grows_can_be_read_but_not_deleted(tmp_path: Path) -> None:
    put(tmp_path, f"{NAME}.part", growing(2))
    assert recording_dir.readable(tmp_path, NAME) == recording_dir.part_of(tmp_path / NAME)
    with pytest.raises(Exception, match="no such recording"):
        recording_dir.delete(tmp_path, NAME)
    (tmp_path / "2026-01-01 20-00-01.mp4.part").symlink_to("/etc/passwd")
    with pytest.raises(Exception, match="no such recording"):
        recording_dir.readable(tmp_path, "2026-01-01 20-00-01.mp4")
