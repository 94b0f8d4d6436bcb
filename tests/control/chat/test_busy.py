"""In a busy chat: what is hidden does not push out what is shown, and what stands in sight can still be taken away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.errors import Invalid
from appliance.model.config import ModerationConfig
from appliance.model.event import Comment, Deleted, Event, Gift, Question, Viewer
from appliance.model.state.chat import MOST_MESSAGES

MAYA = Viewer(id="maya", name="Maya")
NOW = Now(0, 0)


def crowd(count: int, room: ChatRoom, name: str = "n") -> ChatRoom:
    """So many comments, each by somebody else."""
    who = (Viewer(id=f"{name}{n}", name="x") for n in range(count))
    room.take([Comment(platform="tiktok", id=user.id, user=user, text=user.id) for user in who], NOW)
    return room


def by_maya(id_: str, text: str = "vile") -> Comment:
    return Comment(platform="tiktok", id=id_, user=MAYA, text=text)


def shown(room: ChatRoom) -> list[str]:
    return [message.text for message in room.state.messages if not message.hidden]


def test_one_viewer_who_floods_pushes_nobody_out() -> None:
    room = crowd(20, ChatRoom())
    room.take([by_maya(f"m{n}", f"{n}") for n in range(220)], NOW)
    assert shown(room) == [*(f"n{n}" for n in range(20)), *"01234"]
    assert len(room.state.messages) == MOST_MESSAGES


def test_what_waits_for_the_owner_has_places_and_takes_none_of_what_is_approved() -> None:
    room = crowd(12, ChatRoom(ModerationConfig(hold=True), most=12))
    for n in range(9):
        room.show_message(f"tiktok:n{n}")
    crowd(30, room, "later")
    assert shown(room) == [f"n{n}" for n in range(9)]
    assert [message.text for message in room.state.messages[9:]] == ["later27", "later28", "later29"]


TAKEN_AWAY: tuple[Callable[[ChatRoom], None], ...] = (
    lambda room: room.take([Deleted(platform="tiktok", messages=("1",))], NOW),
    lambda room: room.take([Deleted(platform="tiktok", users=("maya",))], NOW),
    lambda room: room.hide_message("tiktok:1"),
    lambda room: room.hide_viewer("tiktok:maya"),
    lambda room: room.follow(ModerationConfig(words=("vile",))),
)


@pytest.mark.parametrize("take_away", TAKEN_AWAY)
@pytest.mark.parametrize("is_pinned", [True, False])
def test_what_stands_in_sight_can_be_taken_away_when_its_card_is_old(
    take_away: Callable[[ChatRoom], None], *, is_pinned: bool
) -> None:
    room = ChatRoom()
    room.take([by_maya("1") if is_pinned else Question(platform="tiktok", id="1", user=MAYA, text="vile")], NOW)
    if is_pinned:
        room.pin("tiktok:1")
    crowd(MOST_MESSAGES, room)
    assert "vile" not in shown(room)
    assert (room.state.pinned or room.state.questions[0]).text == "vile"
    take_away(room)
    assert (room.state.pinned, room.state.questions) == (None, ())


def test_what_stands_nowhere_any_longer_is_forgotten() -> None:
    room = ChatRoom()
    room.take([by_maya("1")], NOW)
    room.ask_question("tiktok:1")
    room.pin("tiktok:1")
    crowd(MOST_MESSAGES, room)
    room.unpin()
    room.hide_viewer("tiktok:maya")
    with pytest.raises(Invalid):
        room.show_message("tiktok:1")


@pytest.mark.parametrize("want", [ChatRoom.pin, ChatRoom.ask_question])
def test_what_is_hidden_is_shown_before_it_stands_in_sight(want: Callable[[ChatRoom, str], None]) -> None:
    room = crowd(1, ChatRoom(ModerationConfig(hold=True)))
    with pytest.raises(Invalid, match="is hidden") as error:
        want(room, "tiktok:n0")
    assert error.value.code == "no-message"
    assert (room.state.pinned, room.state.questions) == (None, ())
    room.show_message("tiktok:n0")
    want(room, "tiktok:n0")


@pytest.mark.parametrize("take_away", TAKEN_AWAY[:3])
def test_a_streak_that_was_taken_away_does_not_come_back_when_it_grows(take_away: Callable[[ChatRoom], None]) -> None:
    room = ChatRoom(most=8)

    def rose(id_: str, count: int) -> Event:
        return Gift(platform="tiktok", id=id_, user=MAYA, gift="1", name="Rose", count=count, is_streak=True, group="g")

    room.take([rose("1", 1)], NOW)
    take_away(room)
    crowd(8, room)
    room.take([rose("2", 2)], NOW)
    assert [message.hidden for message in room.state.messages if message.kind == "gift"] in (["message"], ["deleted"])
    assert room.alerts == ()
