"""When the slate is shown, when a picture is black, and where key frames go."""

from __future__ import annotations

from itertools import pairwise

from appliance.engine.video.signal import OFTEN, SECOND, STEADY_NS, BlackWatch, Cuts, Settling


def test_the_first_losses_change_at_once() -> None:
    settling = Settling()
    assert not settling.shows(0)
    now = SECOND
    for _ in range(OFTEN - 1):
        settling.tell(now, has_picture=True)
        assert settling.shows(now)
        settling.tell(now + 100, has_picture=False)
        assert not settling.shows(now + 100)
        now += SECOND


def test_a_loose_plug_gets_a_calm_slate() -> None:
    settling = Settling()
    now = 0
    settling.tell(now, has_picture=True)
    shown = 0
    for _ in range(40):  # a picture for half a second, then none for half a second
        settling.tell(now, has_picture=True)
        shown += settling.shows(now + SECOND // 2 - 1)
        now += SECOND // 2
        settling.tell(now, has_picture=False)
        now += SECOND // 2
    assert shown == OFTEN
    settling.tell(now, has_picture=True)
    assert not settling.shows(now + STEADY_NS - 1)
    assert settling.shows(now + STEADY_NS)
    settling.tell(now + 60 * SECOND, has_picture=False)
    settling.tell(now + 61 * SECOND, has_picture=True)
    assert settling.shows(now + 61 * SECOND), "once, long after, is not often"


def test_the_same_news_again_changes_nothing() -> None:
    settling = Settling()
    for second in range(20):
        settling.tell(second * SECOND, has_picture=True)
    settling.tell(30 * SECOND, has_picture=False)
    settling.tell(31 * SECOND, has_picture=True)
    assert settling.shows(31 * SECOND)


def test_black_counts_after_its_time_without_a_break() -> None:
    watch = BlackWatch()
    watch.after_s = 10
    assert not watch.look(0, is_black=True)
    assert not watch.look(10 * SECOND - 1, is_black=True)
    assert watch.look(10 * SECOND, is_black=True)
    assert not watch.look(11 * SECOND, is_black=False)
    assert not watch.look(12 * SECOND, is_black=True)
    assert not watch.look(13 * SECOND, is_black=None), "no picture is another trouble"
    assert not watch.look(22 * SECOND, is_black=True)
    assert watch.look(32 * SECOND, is_black=True)


def test_zero_seconds_mean_never() -> None:
    watch = BlackWatch()
    assert not any(watch.look(second * SECOND, is_black=True) for second in range(10_000))


def test_a_cut_is_the_first_canvas_after_a_change() -> None:
    cuts = Cuts(30)
    slates = [True] * 40 + [False] * 40 + [True] * 40
    assert [tick for tick, is_slate in enumerate(slates) if cuts.is_cut(tick, is_slate=is_slate)] == [40, 80]


def test_cuts_are_a_second_apart() -> None:
    cuts = Cuts(30)
    found = [tick for tick in range(300) if cuts.is_cut(tick, is_slate=tick // 4 % 2 == 0)]
    assert found[0] == 4
    assert all(later - earlier >= 30 for earlier, later in pairwise(found))
    assert len(found) >= 9
