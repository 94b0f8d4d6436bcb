"""The whole box as a user starts it, without hardware: on air to a real server, and what nobody may see of a key."""

from __future__ import annotations

import urllib.error
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import av
import psutil
import pytest

from tests.running import SMALL_TOML, RunningBox, State
from tests.servers import nginx as nginx_room
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing() or "nginx is there"),
]

KEY = "stream-4711?expire=1767225600&sign=aB+/cD==&wsTime=5f"
TOML = """
[capture]
device = "test:320x180@30"
audio = "test"

[picture]
size = "360x640"
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx") as server:
        yield server


def pasted(box: RunningBox, server: str, key: str = KEY) -> None:
    """Gives the box a key as a person does: copied from a web page, with its surroundings."""
    status, answer = box.do("paste-key", text=f' Server URL:  "{server}"\n\n Stream key:\n  {key}  \n')
    assert status == 200, answer


def preview_of(box: RunningBox) -> bytes:
    """The canvas as a JPEG, empty as long as there is none."""
    try:
        return box.get("/api/preview.jpg")
    except urllib.error.HTTPError as refusal:
        if refusal.code != 503:
            raise
        return b""


def test_a_box_records_and_shows_itself_and_a_pasted_key_goes_live_and_the_whole_stream_arrives(
    nginx: Nginx, tmp_path: Path
) -> None:
    record = f'\n[record]\nenabled = true\ndirectory = "{tmp_path}/recordings"\n'
    with RunningBox(tmp_path, TOML + record) as box:
        box.until(lambda state: state["signal"]["state"] == "picture")
        box.until(lambda _: bool(preview_of(box)))
        (tmp_path / "preview.jpg").write_bytes(preview_of(box))
        assert box.do("start-recording")[0] == 200
        box.until(lambda state: state["record"]["written-s"] > 1.5)
        assert box.state()["live"]["type"] == "off"
        pasted(box, nginx.server)
        assert box.do("go-live")[0] == 200
        on_air = box.until(lambda state: state["live"]["type"] == "on-air")
        assert on_air["destinations"][0]["state"] == "publishing"
        assert box.do("go-live")[0] == 200, "going live when live is fine"
        box.until(lambda state: state["canvas"]["composed"] >= on_air["canvas"]["composed"] + 60)
        assert box.do("end-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "off")
        assert box.do("end-live")[0] == 200, "ending when off is fine"
    published = urllib.parse.parse_qs(nginx.hooks.publishes[0])
    assert published["name"][0] == KEY.partition("?")[0]
    with av.open(str(nginx.recording())) as recording:
        video, audio = recording.streams.video[0], recording.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 360, 640)
        assert (audio.codec_context.name, audio.sample_rate, audio.channels) == ("aac", 48_000, 2)
        assert sum(1 for _ in recording.decode(video=0)) >= 60
    with av.open(str(tmp_path / "preview.jpg")) as picture:
        frame = next(picture.decode(video=0))
        assert (frame.width, frame.height) == (360, 640)
    first = min((tmp_path / "recordings").iterdir())
    assert first.suffix == ".mp4"
    with av.open(str(first)) as file:
        assert sum(1 for _ in file.decode(video=0)) > 30


def refused(state: State) -> bool:
    problem = state["destinations"][0]["problem"]
    return problem is not None and problem["code"] == "stream-key-refused"


def test_a_key_is_nowhere_but_in_the_secret_store_and_on_the_wire(nginx: Nginx, tmp_path: Path) -> None:
    nginx.hooks.publish_status = 403
    secrets = (KEY, KEY.partition("?")[0], "aB+/cD==", urllib.parse.quote(KEY, safe=""))
    with RunningBox(tmp_path, SMALL_TOML) as box:
        pasted(box, nginx.server)
        assert box.do("go-live")[0] == 200
        box.until(refused)
        family = [psutil.Process(box.pid), *psutil.Process(box.pid).children(recursive=True)]
        assert len(family) >= 3
        seen = [" ".join(one.cmdline()) + str(one.environ()) for one in family]
        seen.append(box.get("/api/state").decode())
        seen.append(box.get("/healthz").decode())
        seen += [str(box.do("paste-key", text=KEY)), str(box.do("paste-key", text="rtmp://")), str(box.do("go-live"))]
        # Pasting a key, even the same, tries again.
        again = box.until(refused)
        refusal = again["destinations"][0]["problem"]
    seen.append(box.log)
    seen += [file.read_text(errors="replace") for file in (tmp_path / "run").rglob("*") if file.is_file()]
    store = tmp_path / "state" / "keys"
    open_files = [file for file in (tmp_path / "state").rglob("*") if file.is_file() and not file.is_relative_to(store)]
    seen += [file.read_text(errors="replace") for file in open_files]
    for text in seen:
        for secret in secrets:
            assert secret not in text
    assert "key" in refusal["text"]
    kept = [file for file in store.rglob("*") if file.is_file() and KEY in file.read_text(errors="replace")]
    assert {oct(file.stat().st_mode & 0o777) for file in kept} == {"0o600"}
    assert oct(store.stat().st_mode & 0o777) == "0o700"


def test_a_dead_engine_and_a_dead_control_come_back_and_the_live_goes_on(nginx: Nginx, tmp_path: Path) -> None:
    with RunningBox(tmp_path, SMALL_TOML) as box:
        pasted(box, nginx.server)
        assert box.do("go-live")[0] == 200
        box.until(lambda state: state["live"]["type"] == "on-air")

        def child(role: str) -> psutil.Process:
            return next(one for one in psutil.Process(box.pid).children() if role in one.cmdline())

        engine = child("engine").pid
        child("control").kill()
        box.until(lambda state: state["live"]["type"] == "on-air")
        assert child("engine").pid == engine
        assert len(nginx.hooks.publishes) == 1, "the stream was not touched"
        child("engine").kill()
        assert nginx.wait_for(lambda hooks: len(hooks.publishes) >= 2, 30)
        box.until(lambda state: state["live"]["type"] == "on-air")
