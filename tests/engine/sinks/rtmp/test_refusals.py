"""Refusals: what each means, when the owner is asked, and that the tries go on all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import Timings
from appliance.engine.sinks.rtmp.refusals import Refusals
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Stage
from appliance.errors import PlugcastError
from tests.engine.sinks.media import clip
from tests.engine.sinks.publishing import KEY, QUICK, Live, problem, target, until
from tests.fakes.rtmp_server import GOOD, Behaviour, RtmpServer, Trick

BAD_NAME = "NetStream.Publish.BadName"
DENIED = "NetStream.Publish.Denied"
# Nothing comes to an end while a test looks.
ENDLESS = replace(QUICK, patience_s=1000.0)


class Run:
    """Refusals under a clock that stands until a pause is waited for."""

    def __init__(self, *, accepted: bool = False) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.refusals = Refusals(Target.parse("tiktok", "rtmp://host/live", KEY), Timings(), lambda: self.now)
        self.refusals.accepted = accepted

    def refuse(self, said: str, code: str = DENIED, stage: Stage = Stage.PUBLISH) -> PlugcastError:
        return self._waited(self.refusals.said(ServerRefusedError(stage, code, said), has_settled=False))

    def hang_up(self) -> PlugcastError:
        return self._waited(self.refusals.closed(Stage.PUBLISH))

    def _waited(self, error: PlugcastError) -> PlugcastError:
        self.waits.append(min(self.refusals.pauses()))
        self.now += self.waits[-1]
        return error


def codes_by_time(run: Run, errors: list[PlugcastError]) -> list[tuple[str, bool]]:
    """The code of each error, and whether it came within the first minute."""
    ends = [sum(run.waits[:number]) for number in range(len(errors))]
    return [(error.code, end < 60) for error, end in zip(errors, ends, strict=True)]


def test_a_known_key_is_believed_for_a_minute_then_asked_for_and_tried_for_ever() -> None:
    run = Run(accepted=True)
    heard = codes_by_time(run, [run.refuse("no such stream") for _ in range(200)])
    assert set(heard) == {("connection-lost", True), ("stream-key-refused", False)}
    assert run.refusals.needs_key
    assert not run.refusals.is_over
    assert run.waits == sorted(run.waits), "slower and slower"
    assert (run.waits[0], run.waits[-1]) == (0.5, 30.0)


def test_a_key_in_use_is_asked_for_after_a_minute_and_tried_for_ever() -> None:
    run = Run()
    for _ in range(200):
        assert run.refuse("Already publishing", BAD_NAME).code == "stream-key-busy"
        assert run.refusals.needs_key == (run.now - run.waits[-1] - 1000 >= 60)
    assert (run.waits[0], run.waits[-1]) == (0.5, 30.0)


def test_a_ghost_of_ninety_seconds_is_not_outwaited_by_half_a_minute() -> None:
    run = Run(accepted=True)
    while run.now < 1000 + 90:
        run.refuse("Already publishing", BAD_NAME)
    assert run.now < 1000 + 90 + 12


def test_silence_is_told_apart_and_never_the_end() -> None:
    run = Run()
    errors = [run.hang_up() for _ in range(100)]
    assert [error.code for error in errors[:3]] == ["connection-lost", "stream-key-refused", "stream-key-refused"]
    assert "may be wrong" in str(errors[1])
    assert (run.refusals.needs_key, run.refusals.is_over, run.waits[-1]) == (True, False, 30.0)


@pytest.mark.parametrize(
    ("code", "said"),
    [(DENIED, "unauthorised"), (DENIED, ""), ("", "auth failed"), (BAD_NAME, "Invalid stream key"), (DENIED, "no")],
)
def test_a_fresh_key_refused_in_words_is_asked_for_at_once_and_tried_slowly(code: str, said: str) -> None:
    run = Run()
    assert run.refuse(said, code).code == "stream-key-refused"
    assert (run.refusals.needs_key, run.refusals.is_over) == (True, False)
    for _ in range(50):
        run.refuse(said, code)
    assert (min(run.waits), max(run.waits)) == (10.0, 30.0)


def test_something_else_in_between_ends_the_asking() -> None:
    run = Run()
    run.refuse("no")
    run.refusals.interrupted()
    assert (run.refusals.needs_key, run.refusals.is_running) == (False, False)


OVER = [
    (DENIED, "The LIVE has ended"),
    (DENIED, "This live stream has already ended."),
    (DENIED, "live session finished"),
    ("NetStream.Publish.Failed", "The broadcast is over, thank you"),
    ("NetStream.Publish.Rejected", "Event ended"),
    (BAD_NAME, "room is closed"),
    ("NetStream.Publish.LiveEnded", ""),
    ("NetConnection.Connect.Rejected", "The live has ended. You cannot publish to it."),
    ("", "LIVE_FINISHED"),
]
NOT_OVER = [
    (DENIED, "The stream has ended"),
    (DENIED, "live stream ended unexpectedly, server restarts"),
    (DENIED, "The live has not ended yet"),
    (DENIED, "Publishing live over RTMP is paused"),
    (DENIED, "Connection closed"),
    (DENIED, "live closed"),
    (DENIED, "session expired"),
    ("NetConnection.Connect.AppShutdown", "The live has ended"),
    ("NetStream.Publish.Idle", "Stream idle"),
    (BAD_NAME, "The live has ended, try again later"),
]


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize(("code", "said"), OVER)
def test_the_platforms_own_word_ends_the_tries(code: str, said: str, accepted: bool) -> None:
    run = Run(accepted=accepted)
    assert (
        run.refusals.said(ServerRefusedError(Stage.PUBLISH, code, said), has_settled=False).code
        == "platform-ended-live"
    )
    assert (run.refusals.needs_key, run.refusals.is_over) == (True, True)


@pytest.mark.parametrize(("code", "said"), NOT_OVER)
def test_hardly_any_words_are_the_end(code: str, said: str) -> None:
    run = Run(accepted=True)
    assert run.refuse(said, code).code in ("connection-lost", "stream-key-busy")
    assert (run.refusals.needs_key, run.refusals.is_over) == (False, False)


@pytest.mark.parametrize("said", ["this key has expired", f"stream key {KEY} is expired", "Expired stream key"])
def test_a_key_that_has_expired_is_asked_for_at_once(said: str) -> None:
    run = Run(accepted=True)
    error = run.refuse(said)
    assert (error.code, run.refusals.needs_key, run.refusals.is_over) == ("stream-key-refused", True, False)
    assert KEY not in str(error)


@pytest.fixture
def server() -> Iterator[RtmpServer]:
    with RtmpServer() as running:
        yield running


@pytest.mark.parametrize(
    ("behaviour", "code", "words"),
    [
        (Behaviour(Trick.REJECT_CONNECT, "no app here"), "server-address-refused", "no app here"),
        (Behaviour(Trick.REJECT_PUBLISH, "key {name} is bad"), "stream-key-refused", "key <hidden> is bad"),
        (Behaviour(Trick.CLOSE_AT_CONNECT), "server-address-refused", "check the server address"),
        (Behaviour(Trick.CLOSE_AT_PUBLISH), "stream-key-refused", "paste a new one"),
        (Behaviour(Trick.CLOSE_AFTER_START), "stream-key-refused", "paste a new one"),
        (Behaviour(Trick.BAD_NAME), "stream-key-busy", "Another device"),
    ],
)
def test_refusals_ask_for_a_key_and_go_on(server: RtmpServer, behaviour: Behaviour, code: str, words: str) -> None:
    server.usual = behaviour
    with Live(target(server), QUICK) as live:
        assert until(lambda: live.status.needs_key and problem(live).code == code)
        assert words in problem(live).text
        tries = len(server.received)
        assert server.wait_for(lambda: len(server.received) >= tries + 3)
        assert live.status.needs_key, "also while it tries"
        server.usual = GOOD
        assert until(lambda: live.status.state == "publishing" and not live.status.needs_key)
    assert "refused" not in live.states


def test_a_key_in_use_for_a_moment_is_waited_for(server: RtmpServer) -> None:
    server.next(*[Behaviour(Trick.BAD_NAME)] * 3)
    with Live(target(server), ENDLESS) as live:
        assert live.becomes("publishing")
    assert live.codes == ["stream-key-busy"]


def test_the_end_of_a_live_stops_the_tries(server: RtmpServer) -> None:
    server.usual = Behaviour(Trick.REJECT_PUBLISH, "The LIVE has ended")
    with Live(target(server), QUICK) as live:
        assert live.becomes("refused")
        assert (problem(live).code, len(server.received)) == ("platform-ended-live", 1)
        live.publisher.pause(0.3)
        assert (live.status.needs_key, len(server.received)) == (True, 1)
        server.usual = GOOD
        live.publisher.retry_now()
        assert until(lambda: live.status.connects == 1)


def settled(live: Live) -> bool:
    """Waits until the server has wanted the stream for a while."""
    return live.becomes("publishing") and until(lambda: live.status.accepted)


ENDINGS = [
    "NetConnection.Connect.AppShutdown",
    "NetStream.Publish.Failed",
    DENIED,
    BAD_NAME,
    "NetStream.Failed",
    "close",
    "",
]


@pytest.mark.parametrize("code", ENDINGS)
def test_words_that_end_a_stream_mean_what_silence_means(server: RtmpServer, code: str) -> None:
    server.next(Behaviour(Trick.END_IN_WORDS, "The server restarts", code))
    with Live(target(server), ENDLESS) as live:
        assert settled(live)
        live.push(clip().packets)
        assert until(lambda: live.status.connects == 2)
        assert (live.codes, len(server.received)) == (["connection-lost"], 2)
        told = next(status.problem for status in live.told if status.problem)
        assert "key" not in told.text
        assert code == "close" or "The server restarts" in told.text


@pytest.mark.parametrize("trick", [Trick.REJECT_PUBLISH, Trick.CLOSE_AT_PUBLISH, Trick.BAD_NAME, Trick.REJECT_CONNECT])
def test_what_a_settled_key_meets_is_no_reason_to_ask(server: RtmpServer, trick: Trick) -> None:
    with Live(target(server), ENDLESS) as live:
        assert settled(live)
        server.next(*[Behaviour(trick, "no such stream")] * 4)
        server.hang_up()
        assert until(lambda: live.status.connects == 2)
    assert len(server.received) == 6
    assert not any(status.needs_key for status in live.told)
    assert set(live.codes) <= {"connection-lost", "stream-key-busy"}


def test_a_key_that_was_taken_before_this_publisher_is_no_fresh_one(server: RtmpServer) -> None:
    server.next(*[Behaviour(Trick.REJECT_PUBLISH, "no such stream")] * 4)
    with Live(target(server), ENDLESS, accepted=True) as live:
        assert live.becomes("publishing")
    assert (live.codes, any(status.needs_key for status in live.told)) == (["connection-lost"], False)


def test_a_server_that_says_nothing_to_a_key_may_mean_the_key(server: RtmpServer) -> None:
    server.usual = Behaviour(Trick.SILENT_AT_PUBLISH)
    with Live(target(server), replace(QUICK, commands_s=0.3)) as live:
        assert until(lambda: live.codes == ["server-silent"])
        assert "not know this stream key" in problem(live).text
