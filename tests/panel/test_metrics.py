"""The metrics as Prometheus' own parser reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from appliance.model.problem import Problem
from appliance.model.report import EncoderReport, SourceReport
from appliance.model.state import (
    AudioState,
    DestinationView,
    EngineState,
    HealthState,
    Live,
    NeedsKey,
    OnAir,
    Reconnecting,
    RecordState,
    SignalState,
    State,
    UpdateState,
)
from appliance.model.state.chat import ChatSource, ChatState, ChatTotals
from appliance.panel.metrics import Own, exposition

STATE = State(
    name='living "room"\\\n', live=OnAir(since_at=1.0), update=UpdateState(version="1.2"),
    signal=SignalState(state="picture"), encoder=EncoderReport(fps=29.97, kbps=3300, dropped=7),
    destinations=(DestinationView(name="tiktok", state="publishing", kbps=3200, backlog_ms=120, dropped_frames=3),),
    audio=AudioState(levels_db=(-12.5, -14.0), sources=(SourceReport(name="mic", levels_db=(-30.0, -31.0)),)),
    health=HealthState(verdict="fair", temperature_c=61.5), record=RecordState(free_mb=2000),
    engine=EngineState(connected=True), problems=(Problem(code="too-hot", text="Hot."),),
)  # fmt: skip

type Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Every sample by name and labels; fails on what the official parser does not take, and on what has no help."""
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        assert family.type in {"gauge", "counter"}, family.name
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"plugcast_{name}", frozenset(labels.items())]


def test_what_a_venue_watches() -> None:
    it = parsed(exposition(STATE, Own(signal_losses=4, reconnects=2, lag_s=0.002, worst_lag_s=0.5)))
    assert value(it, "info", version="1.2", box='living "room"\\\n') == 1
    assert value(it, "live_state", state="on-air") == 1
    assert value(it, "live_state", state="off") == 0
    assert value(it, "encoder_fps") == 29.97
    assert value(it, "encoder_kbps") == 3300
    assert value(it, "encoder_dropped_frames_total") == 7
    assert value(it, "destination_backlog_seconds", destination="tiktok") == 0.12
    assert value(it, "destination_dropped_frames_total", destination="tiktok") == 3
    assert value(it, "signal_present") == 1
    assert value(it, "signal_losses_total") == 4
    assert value(it, "reconnects_total") == 2
    assert value(it, "temperature_celsius") == 61.5
    assert value(it, "audio_level_db", source="mix", channel="left") == -12.5
    assert value(it, "audio_level_db", source="mic", channel="right") == -31
    assert value(it, "control_loop_lag_seconds") == 0.002
    assert value(it, "health", verdict="fair") == 1
    assert value(it, "problems", code="too-hot") == 1
    assert value(it, "recordings_free_bytes") == 2e9


def test_what_is_not_known_is_left_out() -> None:
    names = {name for name, _ in parsed(exposition(State(), Own()))}
    assert "plugcast_temperature_celsius" not in names
    assert "plugcast_recordings_free_bytes" not in names
    assert "plugcast_engine_up" in names


@pytest.mark.parametrize("live", [OnAir(), Reconnecting(), NeedsKey()])
def test_exactly_one_state_holds(live: Live) -> None:
    it = parsed(exposition(State(live=live), Own()))
    assert sum(held for (name, _), held in it.items() if name == "plugcast_live_state") == 1


@given(st.text(), st.floats(allow_nan=False), st.integers())
def test_no_name_and_no_number_breaks_the_format(text: str, number: float, whole: int) -> None:
    state = State(
        name=text, destinations=(DestinationView(name=text, kbps=whole),), health=HealthState(temperature_c=number)
    )
    it = parsed(exposition(state, Own()))
    assert float(value(it, "destination_kbps", destination=text)) == float(whole)


def test_what_a_live_brings_is_counted() -> None:
    totals = ChatTotals(comments=5, follows=1, gifts=3, coins=40, likes=700)
    sources = (ChatSource(platform="tiktok", status="connected"), ChatSource(platform="twitch", status="failed"))
    it = parsed(exposition(State(chat=ChatState(totals=totals, sources=sources, viewers=12)), Own()))
    named = ("chat_comments_total", "chat_follows_total", "chat_gifts_total", "chat_coins_total", "chat_likes")
    assert [value(it, name) for name in (*named, "chat_viewers")] == [5, 1, 3, 40, 700, 12]
    assert [value(it, "chat_up", platform=name) for name in ("tiktok", "twitch")] == [1, 0]
