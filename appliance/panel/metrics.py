"""GET /metrics: the State as Prometheus reads it (text format 0.0.4). Pure: values in, text out. Holds no secret.

Levels, rates and states are gauges; what only grows is a counter that may start again when a part restarts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, get_args

from appliance.model.state import Live, OnAir, State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_VERDICTS = ("good", "fair", "bad", "unknown")

type Labels = dict[str, str]
type Sample = tuple[Labels, float | None]


class Own(NamedTuple):
    """What control counts beside the State. Lags are seconds."""

    signal_losses: int = 0
    reconnects: int = 0
    feed_readers: int = 0
    lag_s: float = 0.0
    worst_lag_s: float = 0.0


class Metric(NamedTuple):
    """One metric with its samples; a sample without a value is left out."""

    name: str
    kind: Literal["gauge", "counter"]
    words: str
    samples: Iterable[Sample]


def exposition(state: State, own: Own) -> str:
    """Everything as text."""
    return "".join(line for metric in _metrics(state, own) for line in _lines(metric))


def _metrics(state: State, own: Own) -> Iterator[Metric]:
    about = {"version": state.update.version, "box": state.name}
    yield Metric("info", "gauge", "The running version.", [(about, 1.0)])
    yield from _live(state, own)
    yield from _picture(state, own)
    yield from _sound(state)
    yield from _destinations(state)
    yield from _box(state)
    yield _gauge("control_loop_lag_seconds", "How late control's loop was at the last look.", own.lag_s)
    yield _gauge("control_loop_lag_worst_seconds", "How late control's loop was at worst.", own.worst_lag_s)
    yield _gauge("feed_readers", "Pages and programs that follow the state.", own.feed_readers)


def _live(state: State, own: Own) -> Iterator[Metric]:
    kinds = [str(kind.__struct_config__.tag) for kind in get_args(Live.__value__)]
    newest = str(state.live.__struct_config__.tag)
    samples: list[Sample] = [({"state": kind}, float(kind == newest)) for kind in kinds]
    yield Metric("live_state", "gauge", "1 for the state that the live is in.", samples)
    yield _gauge("on_air", "Whether a server takes the stream.", isinstance(state.live, OnAir))
    yield _counter("reconnects", "How often a live lost its connection.", own.reconnects)
    verdicts: list[Sample] = [({"verdict": verdict}, float(verdict == state.health.verdict)) for verdict in _VERDICTS]
    yield Metric("health", "gauge", "1 for the verdict that holds.", verdicts)
    yield Metric("problems", "gauge", "1 for each problem there is.", [({"code": p.code}, 1.0) for p in state.problems])


def _picture(state: State, own: Own) -> Iterator[Metric]:
    encoder, canvas = state.encoder, state.canvas
    yield _gauge("signal_present", "Whether the console's picture is there.", state.signal.state == "picture")
    yield _counter("signal_losses", "How often the console's picture was lost.", own.signal_losses)
    yield _gauge("encoder_fps", "Frames a second that are encoded.", encoder.fps)
    yield _gauge("encoder_kbps", "Kilobits a second that are encoded.", encoder.kbps)
    yield _gauge("encoder_target_kbps", "Kilobits a second that are aimed at.", encoder.target_kbps)
    yield _gauge("encoder_latency_seconds", "How long encoding a frame takes.", encoder.latency_ms / 1000)
    yield _counter("encoder_dropped_frames", "Frames that the encoder did not take.", encoder.dropped)
    yield _counter("canvas_frames", "Frames that were composed.", canvas.composed)
    yield _counter("canvas_repeated_frames", "Frames that repeat the one before.", canvas.repeated)
    yield _counter("canvas_slate_frames", "Frames that show the slate.", canvas.slates)


def _sound(state: State) -> Iterator[Metric]:
    levels: list[Sample] = list(_channels({"source": "mix"}, state.audio.levels_db))
    for source in state.audio.sources:
        levels += _channels({"source": source.name}, source.levels_db)
    yield Metric("audio_level_db", "gauge", "Peak level in dBFS, -120 for silence.", levels)
    yield _gauge("audio_sync_seconds", "By how much sound and picture are apart.", state.audio.sync_ms / 1000)


def _channels(labels: Labels, levels: tuple[float, float]) -> Iterator[Sample]:
    for channel, level in zip(("left", "right"), levels, strict=True):
        yield {**labels, "channel": channel}, level


def _destinations(state: State) -> Iterator[Metric]:
    table: tuple[tuple[str, Literal["gauge", "counter"], str, list[float]], ...] = (
        ("up", "gauge", "Whether this server takes the stream.",
         [float(d.state == "publishing") for d in state.destinations]),
        ("kbps", "gauge", "Kilobits a second that are sent.", [d.kbps for d in state.destinations]),
        ("backlog_seconds", "gauge", "Media that waits to be sent.", [d.backlog_ms / 1000 for d in state.destinations]),
        ("attempts", "gauge", "Attempts to connect in this live.", [d.attempts for d in state.destinations]),
        ("sent_frames", "counter", "Frames that were sent.", [d.sent_frames for d in state.destinations]),
        ("dropped_frames", "counter", "Frames that were left out for a slow line.",
         [d.dropped_frames for d in state.destinations]),
    )  # fmt: skip
    names = [d.name for d in state.destinations]
    for name, kind, words, values in table:
        samples: list[Sample] = [({"destination": d}, value) for d, value in zip(names, values, strict=True)]
        yield Metric(f"destination_{name}", kind, words, samples)


def _box(state: State) -> Iterator[Metric]:
    free = state.record.free_mb
    yield _gauge("temperature_celsius", "The processor's temperature.", state.health.temperature_c)
    yield _gauge("load_per_core", "Load average of a minute, per core.", state.health.load)
    yield _gauge("recording", "Whether it records.", state.record.state == "recording")
    yield _gauge("recordings_free_bytes", "Room on the disk of recordings.", None if free is None else free * 1e6)
    yield _gauge("engine_up", "Whether the engine answers.", state.engine.connected)
    yield _gauge("engine_uptime_seconds", "Since when the engine runs.", state.engine.uptime_s)
    yield _gauge("engine_memory_bytes", "The engine's memory.", state.engine.memory_mb * 1e6)
    yield from _chat(state)


def _chat(state: State) -> Iterator[Metric]:
    chat = state.chat
    sources: list[Sample] = [({"platform": one.platform}, float(one.status == "connected")) for one in chat.sources]
    yield Metric("chat_up", "gauge", "Whether the chat of a platform is heard.", sources)
    yield _gauge("chat_viewers", "How many watch.", chat.viewers)
    yield _gauge("chat_likes", "Likes of this LIVE, as the platforms count them.", chat.totals.likes)
    for name in ("comments", "follows", "shares", "subscribes", "gifts", "coins"):
        yield _counter(f"chat_{name}", f"What this LIVE brought: {name}.", getattr(chat.totals, name))


def _gauge(name: str, words: str, value: float | None) -> Metric:
    return Metric(name, "gauge", words, [({}, value)])


def _counter(name: str, words: str, value: float) -> Metric:
    return Metric(name, "counter", words, [({}, value)])


def _lines(metric: Metric) -> Iterator[str]:
    name = f"plugcast_{metric.name}" + ("_total" if metric.kind == "counter" else "")
    yield f"# HELP {name} {metric.words}\n# TYPE {name} {metric.kind}\n"
    for labels, value in metric.samples:
        if value is not None:
            inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"{name}{{{inner}}} {_number(value)}\n" if inner else f"{name} {_number(value)}\n"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
