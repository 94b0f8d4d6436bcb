"""What only control sees of a LIVE while it goes on: its problems, and how the stream goes. Pure."""

from __future__ import annotations

from msgspec import field
from msgspec.structs import replace

from appliance.model.problem import Value
from appliance.model.state import Live, NeedsKey, Off, OnAir, Practicing, Reconnecting, State
from appliance.model.state.summary import StreamFigures, Trouble

MOST_TROUBLES = 50
MOST_FILES = 200


class Counted(Value, frozen=True):
    """The counters of one destination, as they were last."""

    sent: int = 0
    dropped: int = 0


class Progress(Value, frozen=True):
    """A LIVE so far, as it is kept: `session` tells it from the next, `seen_at` is when we last looked.

    `kbps_s` is the rate times the seconds, `on_air_s` those seconds.
    """

    session: int
    title: str = ""
    began_at: float = 0.0
    seen_at: float = 0.0
    seconds: float = 0.0
    on_air_s: float = 0.0
    kbps_s: float = 0.0
    troubles: tuple[Trouble, ...] = ()
    recordings: dict[str, float] = field(default_factory=dict)
    counters: dict[str, Counted] = field(default_factory=dict)
    figures: StreamFigures = StreamFigures()

    @property
    def stream(self) -> StreamFigures:
        """How the stream went so far."""
        return replace(self.figures, kbps=round(self.kbps_s / self.on_air_s) if self.on_air_s else 0)


def is_over(progress: Progress, live: Live, session: int) -> bool:
    """Whether this LIVE has ended: nobody wants it any longer, or what is on is another one."""
    return isinstance(live, Off | Practicing) or (isinstance(live, OnAir) and session != progress.session)


def begun(state: State, session: int, now: float) -> Progress:
    """A LIVE that has just come on air."""
    began_at = state.live.since_at if isinstance(state.live, OnAir) else now
    return Progress(session=session, title=state.title, began_at=began_at, seen_at=now)


def followed(progress: Progress, before: State, state: State, now: float, passed_s: float) -> Progress:
    """The LIVE after so many seconds in which it was as `before`; what it is now counts from now on."""
    live = state.live
    figures = progress.figures
    sync, latency = abs(state.audio.sync_ms), state.encoder.latency_ms
    counters, sent, dropped = _counted(progress.counters, state)
    broke = isinstance(before.live, OnAir) and isinstance(live, Reconnecting | NeedsKey)
    is_slate = before.signal.state == "slate" and isinstance(before.live, OnAir)
    on_air_s = passed_s if isinstance(before.live, OnAir) else 0.0
    kbps = sum(one.kbps for one in before.destinations if one.state == "publishing")
    return replace(
        progress,
        title=state.title or progress.title,
        began_at=live.since_at if isinstance(live, OnAir | Reconnecting) else progress.began_at,
        seen_at=now,
        seconds=progress.seconds + passed_s,
        on_air_s=progress.on_air_s + on_air_s,
        kbps_s=progress.kbps_s + kbps * on_air_s,
        troubles=_troubled(progress.troubles, before, state, passed_s),
        recordings=_recorded(progress.recordings, state, now),
        counters=counters,
        figures=StreamFigures(
            sent_frames=figures.sent_frames + sent,
            dropped_frames=figures.dropped_frames + dropped,
            slate_s=figures.slate_s + passed_s * is_slate,
            reconnects=figures.reconnects + broke,
            sync_ms=max(figures.sync_ms, sync) if isinstance(live, OnAir) else figures.sync_ms,
            latency_ms=max(figures.latency_ms, latency) if isinstance(live, OnAir) else figures.latency_ms,
        ),
    )


def _troubled(known: tuple[Trouble, ...], before: State, state: State, passed_s: float) -> tuple[Trouble, ...]:
    if before.problems is state.problems and not passed_s:
        return known
    was, now = {one.code for one in before.problems}, {one.code: one for one in state.problems}
    by_code = {trouble.code: trouble for trouble in known}
    for code, trouble in by_code.items():
        seconds = trouble.seconds + (passed_s if code in was and not trouble.is_over else 0.0)
        again = trouble.is_over and code in now
        by_code[code] = replace(trouble, seconds=seconds, is_over=code not in now, times=trouble.times + again)
    for code, problem in now.items():
        if code not in by_code and len(by_code) < MOST_TROUBLES:
            by_code[code] = Trouble(code=code, text=problem.text, since_at=problem.since_at or state.at)
    return tuple(by_code.values())


def _counted(known: dict[str, Counted], state: State) -> tuple[dict[str, Counted], int, int]:
    """What the counters have gained. One that is smaller began anew."""
    counters, sent, dropped = dict(known), 0, 0
    for one in state.destinations:
        if one.state != "publishing":
            continue
        newest, last = Counted(sent=one.sent_frames, dropped=one.dropped_frames), known.get(one.name, Counted())
        if newest.sent < last.sent:
            last = Counted()
        sent += newest.sent - last.sent
        dropped += max(0, newest.dropped - last.dropped)
        counters[one.name] = newest
    return counters, sent, dropped


def _recorded(known: dict[str, float], state: State, now: float) -> dict[str, float]:
    """The recordings that were made meanwhile, each with when it began."""
    record = state.record
    if record.state != "recording" or not record.file or record.file in known or len(known) >= MOST_FILES:
        return known
    return {**known, record.file: now - record.written_s}
