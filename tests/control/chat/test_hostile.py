"""Whatever a platform sends, the chat room stays whole: nothing escapes, all of it can be sent on, nothing grows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.control.chat.now import Now
from appliance.control.chat.room import MOST_QUESTIONS, ChatRoom
from appliance.errors import Invalid
from appliance.model import event as ev
from appliance.model.config import ModerationConfig
from appliance.model.event import Event

type Do = Callable[[ChatRoom, str], None]

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


MOST = 10
OF_VIEWERS = (ChatRoom.hide_viewer, ChatRoom.show_viewer)
OF_MESSAGES = (
    ChatRoom.hide_message, ChatRoom.show_message, ChatRoom.pin, ChatRoom.ask_question, ChatRoom.answer_question,
)  # fmt: skip
# What the owner does to one of the messages that are there, or to its viewer.
DONE = st.tuples(st.sampled_from((*OF_VIEWERS, *OF_MESSAGES)), st.integers(0, MOST - 1))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(HAPPENED | DONE | DONE | DONE | DONE, st.floats(0, 20)), min_size=20, max_size=50))
def test_any_events_and_commands_in_any_order(moments: list[tuple[Event | tuple[Do, int], float]]) -> None:
    room, now, approved, gone = ChatRoom(ModerationConfig(words=("toad",)), most=MOST), 1000.0, set[str](), set[str]()
    for event, pause in moments:
        now += pause
        if isinstance(event, tuple):
            do, place = event
            messages = room.state.messages
            card = messages[place % len(messages)] if messages else None
            id_ = "" if card is None else card.user.id if do in OF_VIEWERS else card.id
            with suppress(Invalid):
                do(room, id_)
                approved |= {id_} if do is ChatRoom.show_message else set()
            continue
        if isinstance(event, ev.Deleted) and not event.id:  # with an id, it may be one that was heard
            gone |= {f"{event.platform}:{id_}" for id_ in event.messages}
        room.take([event], Now(now, now))
    state = room.state
    sent = msgspec.json.encode((state, room.alerts))
    assert b"\xe2\x80\xae" not in sent
    assert len(state.messages) <= MOST
    assert len(state.questions) <= MOST_QUESTIONS
    assert len({message.id for message in state.messages}) == len(state.messages)
    for message in state.messages:
        assert message.user.name
        assert "toad" not in message.text or message.hidden or message.id in approved
        assert message.hidden == "deleted" or message.id not in gone
        assert not (message.hidden == "deleted" and message.text)
    hidden = gone | {message.id for message in state.messages if message.hidden}
    assert not any(question.hidden or question.id in hidden for question in state.questions)
    assert state.pinned is None or state.pinned.id not in hidden
    room.pass_time(Now(now + 100, now + 100))
    assert room.alerts == ()
    assert not any(message.gift and message.gift.is_open for message in room.state.messages)
