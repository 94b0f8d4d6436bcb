"""The chat room: every event counts once, whatever order it comes in and however often, and nothing grows for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.control.chat.now import Now
from appliance.control.chat.room import MOST_QUESTIONS, ChatRoom
from appliance.errors import Invalid
from appliance.model import event as ev
from appliance.model.event import Event, Viewer
from appliance.model.state.chat import MOST_MESSAGES, ChatState, ChatTotals, Pinned

MAYA, LEO = Viewer(id="1", name="Maya"), Viewer(id="2", name="Leo", handle="leo", badges=("moderator",))


def comment(id_: str, text: str = "hi", user: Viewer = MAYA) -> ev.Comment:
    return ev.Comment(platform="tiktok", id=id_, at=5.0, user=user, text=text)


def gift(id_: str, count: int, *, end: bool = False, group: str = "g", user: Viewer = MAYA) -> ev.Gift:
    return ev.Gift(
        platform="tiktok", id=id_, user=user, gift="5655", name="Rose", count=count, coins=2, group=group,
        is_streak=True, is_end=end,
    )  # fmt: skip


def room(*happened: Event, at: float = 0.0) -> ChatRoom:
    it = ChatRoom()
    it.take(happened, Now(1000 + at, at))
    return it


def shown(state: ChatState) -> list[tuple[str, str]]:
    return [(message.kind, message.text) for message in state.messages if not message.hidden]


def test_a_comment_is_a_card_with_who_wrote_it() -> None:
    (message,) = room(comment("7", "go!", LEO)).state.messages
    assert (message.id, message.platform, message.kind, message.text, message.at) == (
        "tiktok:7",
        "tiktok",
        "comment",
        "go!",
        5.0,
    )
    assert (message.user.id, message.user.name, message.user.badges) == ("tiktok:2", "Leo", ("moderator",))


def test_names_are_never_empty_and_never_more_than_a_name() -> None:
    users = (Viewer(id="1", handle="han"), Viewer(id="2", name="\u202e\x00"), Viewer(id="3", name="n" * 500))
    names = [m.user.name for m in room(*(comment(u.id, "x", u) for u in users)).state.messages]
    assert names == ["han", "?", "n" * 40]


def test_a_streak_is_one_growing_card_and_counts_at_its_end() -> None:
    it = room(gift("1", 1), gift("2", 3))
    (card,) = it.state.messages
    assert card.gift is not None
    assert (card.gift.count, card.gift.coins, card.gift.is_open, it.state.totals.coins) == (3, 6, True, 0)
    assert [(alert.kind, alert.count, alert.coins) for alert in it.alerts] == [("gift", 3, 6)]
    it.take([gift("3", 3, end=True)], Now(1001, 1))
    (card,) = it.state.messages
    assert card.gift is not None
    assert not card.gift.is_open
    assert it.state.totals == ChatTotals(gifts=3, coins=6)


def test_a_streak_whose_end_is_never_told_ends_after_twelve_seconds() -> None:
    it = room(gift("1", 1))
    it.take([gift("2", 5)], Now(1010, 10))
    it.pass_time(Now(1021.9, 21.9))
    assert it.state.totals.gifts == 0
    it.pass_time(Now(1022, 22))
    assert it.state.totals == ChatTotals(gifts=5, coins=10)
    (card,) = it.state.messages
    assert card.gift is not None
    assert not card.gift.is_open
    it.take([gift("3", 5, end=True)], Now(1023, 23))  # the end, after all
    assert it.state.totals == ChatTotals(gifts=5, coins=10)
    it.take([gift("4", 6, end=True)], Now(1024, 24))  # and one more
    assert it.state.totals == ChatTotals(gifts=6, coins=12)


def test_a_streak_over_a_reconnect_and_repeated_is_counted_once() -> None:
    it = room(gift("1", 1), gift("2", 2))
    it.take([gift("91", 1), gift("92", 2), gift("3", 3), gift("4", 3, end=True)], Now(1005, 5))
    it.take([gift("81", 1)], Now(1050, 50))
    assert it.state.totals == ChatTotals(gifts=3, coins=6)
    it.take([gift("82", 3, end=True)], Now(1051, 51))
    assert it.state.totals == ChatTotals(gifts=3, coins=6)
    assert len(it.state.messages) == 1


def test_streaks_without_a_group_are_told_apart_by_their_ends() -> None:
    it = room(
        gift("1", 1, group=""),
        gift("2", 2, group="", end=True),
        gift("3", 1, group=""),
        gift("4", 4, group="", end=True),
    )
    assert it.state.totals.gifts == 6
    assert len(it.state.messages) == 2


def test_gifts_that_make_no_streak_count_each() -> None:
    lion = [ev.Gift(platform="tiktok", id=str(n), user=MAYA, gift="9", name="Lion", coins=29_999) for n in (1, 2, 2)]
    assert room(*lion).state.totals == ChatTotals(gifts=2, coins=59_998)


def test_likes_are_the_rooms_total_and_joins_one_card() -> None:
    likes = [ev.Likes(platform="tiktok", id=f"l{n}", total=n) for n in (15, 4215, 4200)]
    joins = [ev.Join(platform="tiktok", id=f"j{n}", user=MAYA) for n in range(12)]
    it = room(*likes, *joins)
    assert it.state.totals.likes == 4215
    assert [(m.kind, m.count) for m in it.state.messages] == [("join", 12)]
    it.take([ev.Join(platform="tiktok", id="later", user=LEO)], Now(1015, 15))
    assert [(m.kind, m.count) for m in it.state.messages] == [("join", 12), ("join", 1)]


def test_viewers_of_all_platforms_are_added_and_unknown_until_told() -> None:
    assert room(comment("1")).state.viewers is None
    it = room(
        ev.Viewers(platform="tiktok", at=2, now=39, ever=900), ev.Viewers(platform="tiktok", at=1, now=40, ever=800),
        ev.Viewers(platform="twitch", at=1, now=2),
    )  # fmt: skip
    assert (it.state.viewers, it.state.viewers_ever) == (42, 900)


def test_a_viewer_follows_once() -> None:
    it = room(*(ev.Follow(platform="tiktok", id=str(n), user=MAYA) for n in range(3)))
    assert it.state.totals.follows == 1
    assert [alert.kind for alert in it.alerts] == ["follow"]


def test_an_alert_is_over_after_its_time_and_a_growing_one_lasts() -> None:
    it = room(gift("1", 1))
    it.take([gift("2", 2)], Now(1005, 5))
    it.pass_time(Now(1010.9, 10.9))
    assert [alert.until_at for alert in it.alerts] == [1011.0]
    it.pass_time(Now(1011, 11))
    assert it.alerts == ()


def test_of_too_many_alerts_the_largest_gifts_stay() -> None:
    big = ev.Gift(platform="tiktok", id="big", user=LEO, gift="9", name="Lion", coins=29_999)
    it = room(big, *(ev.Follow(platform="tiktok", id=str(n), user=Viewer(id=str(n), name="x")) for n in range(100)))
    assert len(it.alerts) == 12
    assert it.alerts[0].text == "Lion"


def test_what_the_platform_deletes_is_gone_everywhere_also_when_it_comes_late() -> None:
    it = room(
        comment("1", "vile"), comment("2", "good", LEO), ev.Question(platform="tiktok", id="3", user=MAYA, text="?")
    )
    it.pin("tiktok:1")
    it.take([ev.Deleted(platform="tiktok", id="d", messages=("1", "4"))], Now(1001, 1))
    it.take([comment("4", "vile too")], Now(1002, 2))
    assert shown(it.state) == [("comment", "good"), ("question", "?")]
    assert "vile" not in str(msgspec.to_builtins(it.state))
    assert it.state.pinned is None
    it.take([ev.Deleted(platform="tiktok", users=("1",))], Now(1003, 3))
    assert shown(it.state) == [("comment", "good")]
    assert it.state.questions == ()
    with pytest.raises(Invalid):
        it.show_message("tiktok:1")


def test_a_follow_of_a_deleted_viewer_is_celebrated_no_longer() -> None:
    it = room(ev.Follow(platform="tiktok", id="1", user=MAYA))
    it.take([ev.Deleted(platform="tiktok", users=("1",))], Now(1001, 1))
    assert it.alerts == ()


def test_hiding_a_message_and_taking_it_back() -> None:
    it = room(comment("1", "a"), comment("2", "b"))
    it.pin("tiktok:1")
    it.ask_question("tiktok:1")
    it.hide_message("tiktok:1")
    assert shown(it.state) == [("comment", "b")]
    assert (it.state.pinned, it.state.questions) == (None, ())
    it.show_message("tiktok:1")
    assert shown(it.state) == [("comment", "a"), ("comment", "b")]


def test_a_hidden_viewer_is_hidden_in_past_and_future_until_shown() -> None:
    it = room(comment("1", "a"), comment("2", "b", LEO), gift("3", 1))
    it.hide_message("tiktok:1")
    it.hide_viewer("tiktok:1")
    assert it.alerts == ()
    it.take([comment("4", "c"), gift("5", 2), ev.Follow(platform="tiktok", id="6", user=MAYA)], Now(1001, 1))
    assert shown(it.state) == [("comment", "b")]
    assert it.alerts == ()
    assert [user.name for user in it.state.hidden_viewers] == ["Maya"]
    it.show_viewer("tiktok:1")
    assert shown(it.state) == [("comment", "b"), ("gift", ""), ("comment", "c"), ("follow", "")]
    assert it.state.hidden_viewers == ()


def test_questions_wait_and_pins_stay() -> None:
    it = room(*(comment(str(n), f"q{n}", Viewer(id=str(n), name="Maya")) for n in range(30)))
    for n in range(30):
        it.ask_question(f"tiktok:{n}")
        it.ask_question(f"tiktok:{n}")
    assert [q.text for q in it.state.questions] == [f"q{n}" for n in range(30 - MOST_QUESTIONS, 30)]
    it.pin("tiktok:29")
    pinned = [it.state.pinned]
    it.answer_question("tiktok:29")
    pinned.append(it.state.pinned)
    it.pin_text("Back\x00 at 8")
    pinned.append(it.state.pinned)
    it.unpin()
    assert pinned == [Pinned(id="tiktok:29", name="Maya", text="q29"), None, Pinned(text="Back at 8")]
    assert it.state.pinned is None


@pytest.mark.parametrize(
    "want",
    [ChatRoom.hide_message, ChatRoom.show_message, ChatRoom.hide_viewer, ChatRoom.pin, ChatRoom.ask_question],
)
def test_what_is_not_there_is_said(want: Callable[[ChatRoom, str], None]) -> None:
    with pytest.raises(Invalid) as error:
        want(room(), "tiktok:77")
    assert error.value.code == "no-message"


def test_another_room_is_another_live() -> None:
    on = ev.Standing(platform="tiktok", id="1", at=1, live="on", room="r1")
    it = room(on, comment("1"), ev.Standing(platform="tiktok", id="2", at=2, live="paused"))
    assert (it.state.totals.comments, it.state.sources[0].live) == (1, "paused")
    it.take([ev.Standing(platform="tiktok", id="3", at=3, live="on", room="r2")], Now(1001, 1))
    assert (it.state.totals.comments, it.state.sources[0].live) == (0, "on")


def test_what_comes_late_of_another_room_ends_no_live() -> None:
    earlier, later = (ev.Standing(platform="tiktok", live="on", room=room) for room in ("r1", "r2"))
    it = room(earlier, later, comment("1"))
    it.take([earlier], Now(1001, 1))
    assert it.state.totals.comments == 1


def test_a_clock_that_is_set_back_silences_no_platform() -> None:
    """Events carry the wall's time; which came later is told by their order alone."""
    it = room(
        ev.Standing(platform="tiktok", at=9000, live="on", room="r1"), ev.Viewers(platform="tiktok", at=9000, now=5)
    )
    paused, seven = ev.Standing(platform="tiktok", at=8, live="paused"), ev.Viewers(platform="tiktok", at=8, now=7)
    it.take([paused, seven], Now(8, 1))
    (source,) = it.state.sources
    assert (source.live, source.live_at, it.state.viewers) == ("paused", 8, 7)


def test_who_is_let_in_again_ends_no_pause() -> None:
    let_in = ev.Standing(platform="tiktok", live="on", room="r1")
    it = room(let_in, ev.Standing(platform="tiktok", live="paused"), let_in)
    stood = [it.state.sources[0].live]
    it.take([ev.Standing(platform="tiktok", live="on")], Now(1001, 1))
    stood.append(it.state.sources[0].live)
    # One that was taken for ended, and goes on.
    it.take([ev.Standing(platform="tiktok", live="ended"), let_in], Now(1002, 2))
    assert [*stood, it.state.sources[0].live] == ["paused", "on", "on"]


def test_nothing_grows_for_ever() -> None:
    it = ChatRoom()
    for n in range(3000):
        user = Viewer(id=str(n), name="x")
        follow = ev.Follow(platform="tiktok", user=user)
        said = (comment(f"c{n}", "x", user), gift(f"g{n}", 1, group=str(n), user=user), follow)
        it.take(said, Now(1000 + n / 50, n / 50))
    assert len(it.state.messages) == MOST_MESSAGES
    it.pass_time(Now(2000, 1000))
    assert it.state.totals == ChatTotals(comments=3000, gifts=3000, coins=6000, follows=3000)


def test_what_did_not_change_stays_the_very_object() -> None:
    it = room(comment("1"), comment("2"))
    before = it.state.messages
    it.take([comment("3")], Now(1001, 1))
    assert all(one is other for one, other in zip(before, it.state.messages, strict=False))


def everything_once() -> tuple[Event, ...]:
    """An evening: comments, streaks with and without an end, single gifts, follows, likes, viewers."""
    streaks = [
        gift(f"{user.id}-{group}-{n}", n, end=is_told and n == last, group=group, user=user)
        for user, group, last, is_told in ((MAYA, "a", 4, True), (MAYA, "b", 3, False), (LEO, "a", 2, True))
        for n in range(1, last + 1)
    ]
    return (
        *(comment(f"c{n}", f"{n}") for n in range(5)), *streaks,
        ev.Gift(platform="tiktok", id="lion", user=LEO, gift="9", name="Lion", coins=100),
        ev.Follow(platform="tiktok", id="f1", user=MAYA), ev.Follow(platform="tiktok", id="f2", user=MAYA),
        ev.Share(platform="tiktok", id="s", user=LEO), ev.Subscribe(platform="tiktok", id="u", user=LEO, months=3),
        *(ev.Likes(platform="tiktok", id=f"l{n}", total=n * 10) for n in range(4)),
        *(ev.Viewers(platform="tiktok", id=f"v{n}", at=n, now=n, ever=n * 2) for n in range(4)),
        ev.Deleted(platform="tiktok", id="d", messages=("c3",)),
    )  # fmt: skip


EVENING = everything_once()
RIGHT = ChatTotals(comments=5, follows=1, shares=1, subscribes=1, gifts=10, coins=118, likes=30)


@settings(max_examples=40)
@given(
    st.permutations(EVENING),
    st.lists(st.sampled_from(EVENING), max_size=30),
    st.lists(st.floats(0, 15), min_size=80, max_size=80),
)
def test_counts_are_exact_in_any_order_repeated_and_at_any_pace(
    order: Sequence[Event], again: Sequence[Event], pauses: Sequence[float]
) -> None:
    it, now = ChatRoom(), 0.0
    for event, pause in zip((*order, *again), pauses, strict=False):
        now += pause
        it.take([event], Now(now, now))
    it.pass_time(Now(now + 60, now + 60))
    state = it.state
    assert state.totals == RIGHT
    told = [event.now for event in order if isinstance(event, ev.Viewers)]
    assert (state.viewers, state.viewers_ever) == (told[-1], 6)
    assert sorted(m.text for m in state.messages if m.kind == "comment" and not m.hidden) == ["0", "1", "2", "4"]
    cards = [m.gift for m in state.messages if m.gift is not None]
    assert sorted((g.count, g.coins) for g in cards) == [(1, 100), (2, 4), (3, 6), (4, 8)]
    assert not any(g.is_open for g in cards)
    assert it.alerts == ()
