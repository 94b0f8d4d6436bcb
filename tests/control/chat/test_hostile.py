"""Whatever a platform sends, the chat room stays whole: nothing escapes, all of it can be sent on, nothing grows."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.control.chat.now import Now
from appliance.control.chat.room import MOST_QUESTIONS, ChatRoom
from appliance.model import event as ev
from appliance.model.config import ModerationConfig
from appliance.model.event import Event
from appliance.model.state.chat import MOST_MESSAGES

# Few ids, so that events meet; any text, half characters too, because a chat of our own is not believed either.
IDS = st.sampled_from(("", "1", "2", "3"))
TEXTS = st.text(st.characters(), max_size=60) | st.sampled_from(("toad", "x" * 2000, "\u202e", "a.com", "\ud800"))
VIEWERS = st.builds(ev.Viewer, id=IDS, name=TEXTS, handle=TEXTS)
COMMON = {"platform": st.sampled_from(("tiktok", "twitch", "test")), "id": IDS, "at": st.floats(-1e12, 1e12)}
HAPPENED = st.one_of(
    *(st.builds(kind, **COMMON, user=VIEWERS, text=TEXTS) for kind in (ev.Comment, ev.Question)),
    *(st.builds(kind, **COMMON, user=VIEWERS) for kind in (ev.Follow, ev.Share, ev.Join)),
    st.builds(ev.Subscribe, **COMMON, user=VIEWERS, months=st.integers(0, 99)),
    st.builds(
        ev.Gift, **COMMON, user=VIEWERS, gift=IDS, name=TEXTS, count=st.integers(1, 10**6), coins=st.integers(0, 10**6),
        group=IDS, is_streak=st.booleans(), is_end=st.booleans(),
    ),
    st.builds(ev.Likes, **COMMON, total=st.integers(0, 10**9)),
    st.builds(ev.Viewers, **COMMON, now=st.integers(0, 10**9), ever=st.none() | st.integers(0, 10**9)),
    st.builds(ev.Standing, **COMMON, live=st.sampled_from(("on", "paused", "ended", "suspended")), room=IDS),
    st.builds(
        ev.Deleted, **COMMON, messages=st.lists(IDS, max_size=3).map(tuple), users=st.lists(IDS, max_size=3).map(tuple)
    ),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.tuples(HAPPENED, st.floats(0, 20)), max_size=40))
def test_any_events_in_any_order(moments: list[tuple[Event, float]]) -> None:
    room, now = ChatRoom(ModerationConfig(words=("toad",))), 1000.0
    for event, pause in moments:
        now += pause
        room.take([event], Now(now, now))
    state = room.state
    sent = msgspec.json.encode((state, room.alerts))
    assert b"\xe2\x80\xae" not in sent
    assert len(state.messages) <= MOST_MESSAGES
    assert len(state.questions) <= MOST_QUESTIONS
    assert len({message.id for message in state.messages}) == len(state.messages)
    for message in state.messages:
        assert message.user.name
        assert "toad" not in message.text or message.hidden
        assert not (message.hidden == "deleted" and message.text)
    kept = {message.id for message in state.messages if not message.hidden}
    assert {question.id for question in state.questions} <= kept
    room.pass_time(Now(now + 100, now + 100))
    assert room.alerts == ()
    assert not any(message.gift and message.gift.is_open for message in room.state.messages)
