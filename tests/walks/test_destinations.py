"""One encode, several servers, some of them bad: each fails alone, and only the owner's key is asked of the owner."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.engine.sinks.rtmp import chunk
from tests.engine.sinks.publishing import closed_port
from tests.fakes.rtmp_server import GOOD, Behaviour, Received, RtmpServer, Trick
from tests.running import SMALL_TOML, RunningBox, State

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def server() -> Iterator[RtmpServer]:
    with RtmpServer() as running:
        yield running


def destination(place: Path, name: str, port: int) -> str:
    """A destination in box.toml, with a key of its own."""
    key_file = place / f"key-{name}"
    key_file.write_text(f"key-of-{name}")
    key_file.chmod(0o600)
    return f'[destination.{name}]\nserver = "rtmp://127.0.0.1:{port}/live"\nkey-file = "{key_file}"\n'


def states(state: State) -> dict[str, str]:
    return {one["name"]: one["state"] for one in state["destinations"]}


def frames_of(received: Received) -> list[int]:
    """The times of the pictures in milliseconds."""
    return [message.timestamp for message in received.media(chunk.VIDEO)]


def test_a_refused_key_stops_nothing_but_the_asking_and_a_new_one_goes_on(server: RtmpServer, tmp_path: Path) -> None:
    server.usual = Behaviour(Trick.REJECT_PUBLISH, "this key has expired")
    record = f'[record]\nenabled = true\ndirectory = "{tmp_path}/recordings"\n'
    with RunningBox(tmp_path, SMALL_TOML + record) as box:
        pasted = box.do("paste-key", text=f"rtmp://127.0.0.1:{server.port}/live old-key-12345")
        assert pasted[0] == 200
        assert box.do("go-live")[0] == 200
        refused = box.until(lambda state: state["live"]["type"] == "needs-key" and state["record"]["file"])
        assert refused["live"]["problem"]["code"] == "stream-key-refused"
        asked = len(server.received)
        later = box.until(
            lambda state: (
                state["canvas"]["composed"] > refused["canvas"]["composed"] + 75
                and state["record"]["written-s"] > refused["record"]["written-s"] + 2
            )
        )
        assert later["live"]["type"] == "needs-key"
        assert len(server.received) <= asked + 1, "a refused key is not hammered"
        server.usual = GOOD
        assert box.do("paste-key", text="new-key-67890")[0] == 200
        on_air = box.until(lambda state: state["live"]["type"] == "on-air")
        assert server.received[-1].stream_name == "new-key-67890"
        assert not on_air["destinations"][0]["problem"]
        assert on_air["record"]["file"] == refused["record"]["file"], "the same encoder, the same file"


def test_bad_servers_do_not_harm_a_good_one(server: RtmpServer, tmp_path: Path) -> None:
    bad = {"refusing": Trick.REJECT_PUBLISH, "silent": Trick.SILENT, "frozen": Trick.STOP_READING}
    servers = {name: RtmpServer(receive_buffer=4096) for name in bad}
    for name, trick in bad.items():
        servers[name].usual = Behaviour(trick, "no")
    with servers["refusing"], servers["silent"], servers["frozen"], closed_port() as port:
        toml = SMALL_TOML + destination(tmp_path, "good", server.port) + destination(tmp_path, "closed", port)
        toml += "".join(destination(tmp_path, name, one.port) for name, one in servers.items())
        with RunningBox(tmp_path, toml) as box:
            box.until(lambda state: state["signal"]["state"] == "picture")
            assert box.do("go-live")[0] == 200
            box.until(
                lambda state: (
                    states(state)["good"] == "publishing" and problem_of(state, "refusing") == "stream-key-refused"
                )
            )
            # Long enough for the frozen one to be noticed, which takes eight seconds.
            stalled = box.until(lambda state: problem_of(state, "frozen") == "connection-stalled", 40)
            assert stalled["live"]["type"] == "on-air"
            assert states(stalled)["good"] == "publishing"
            assert problem_of(stalled, "closed") == "server-refused-connection"
            good = next(one for one in stalled["destinations"] if one["name"] == "good")
            assert good["problem"] is None
            # A busy processor may cost a frame; a server that stood still for eight seconds would cost hundreds.
            assert good["dropped-frames"] <= good["sent-frames"] / 20
    (received,) = server.received
    times = frames_of(received)
    assert len(times) >= good["sent-frames"] > 30
    assert all(before < after for before, after in pairwise(times))


def problem_of(state: State, name: str) -> str:
    """The code of a destination's problem, empty when it has none."""
    problem = next(one["problem"] for one in state["destinations"] if one["name"] == name)
    return str(problem["code"]) if problem else ""


def test_a_check_before_the_live_says_what_is_wrong_and_publishes_nothing(server: RtmpServer, tmp_path: Path) -> None:
    with closed_port() as port, RunningBox(tmp_path, SMALL_TOML + destination(tmp_path, "other", port)) as box:
        assert box.do("preflight", destination="nowhere")[0] == 422
        assert box.do("preflight", destination="other")[0] == 200
        failed = box.until(lambda state: preflight(state, "other") == "failed")
        (other,) = [one for one in failed["destinations"] if one["name"] == "other"]
        assert other["preflight"]["problem"]["code"] == "server-refused-connection"
        assert (failed["live"]["type"], other["state"]) == ("off", "off")
        assert (
            box.do("paste-key", text=f"rtmp://127.0.0.1:{server.port}/live k-12345678", destination="other")[0] == 200
        )
        assert box.do("preflight", destination="other")[0] == 200
        reached = box.until(lambda state: preflight(state, "other") == "ok")
        assert next(row for row in reached["readiness"] if row["name"] == "internet")["state"] == "ok"
    (received,) = server.received
    assert received.names() == ["connect"]


def preflight(state: State, name: str) -> str:
    """How the newest check of a destination went, empty when there was none."""
    found = next(one["preflight"] for one in state["destinations"] if one["name"] == name)
    return str(found["state"]) if found else ""
