"""The moments of a LIVE that are worth a clip: where viewers wrote or gave far more than they did otherwise. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from appliance.model.state.summary import Highlight

SPAN_S = 10
"""What happens within so many seconds is one moment."""
APART_S = 30.0
MOST = 8
FEWEST_COMMENTS = 10
TIMES_MORE_COMMENTS = 3.0
FEWEST_COINS = 50
TIMES_MORE_COINS = 3.0
BEFORE_S = 15.0
"""Viewers answer to what they have just seen; so much of it belongs to the clip."""


def highlights(comments: Mapping[int, int], gifts: Mapping[int, tuple[int, int]], spans: int) -> tuple[Highlight, ...]:
    """Peaks among spans of ten seconds, earliest first; a key times ten is when a span began, in Unix seconds.

    `spans` is how many there were in all, also of those in which nothing happened.
    """
    spans = max(1, spans)
    usual = sum(comments.values()) / spans
    found = [
        (count / max(usual, 1.0), Highlight(at=_middle(span), why="chat", count=count))
        for span, count in comments.items()
        if count >= max(FEWEST_COMMENTS, TIMES_MORE_COMMENTS * usual)
    ]
    usual = sum(coins for _, coins in gifts.values()) / spans
    found += [
        (coins / max(usual, 10.0), Highlight(at=_middle(span), why="gifts", count=count, coins=coins))
        for span, (count, coins) in gifts.items()
        if coins >= max(FEWEST_COINS, TIMES_MORE_COINS * usual)
    ]
    kept: list[Highlight] = []
    for _, one in sorted(found, key=lambda scored: (-scored[0], scored[1].at)):
        if len(kept) < MOST and all(abs(one.at - other.at) >= APART_S for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.at))


def offered(found: tuple[Highlight, ...], replay_s: int, recordings: Mapping[str, float]) -> tuple[Highlight, ...]:
    """Each with until when a clip can still have it, and where a recording does; the value of each is its beginning."""
    return tuple(
        replace(
            one,
            clip_until_at=one.at + replay_s - BEFORE_S if replay_s > BEFORE_S else 0.0,
            **_place(one.at, recordings),
        )
        for one in found
    )


def _place(at: float, recordings: Mapping[str, float]) -> dict[str, str | float]:
    """Which of them was running, and how far it was."""
    before = [(began_at, name) for name, began_at in recordings.items() if began_at <= at]
    if not before:
        return {}
    began_at, name = max(before)
    return {"recording": name, "recording_s": max(0.0, round(at - began_at - BEFORE_S, 1))}


def _middle(span: int) -> float:
    return float(span * SPAN_S + SPAN_S // 2)
