"""What viewers said stays in the house: not in a support bundle, and what was hidden only with whoever hides."""

from __future__ import annotations

import io
import zipfile

import msgspec
from msgspec.structs import replace

from appliance.access.notices import for_viewers
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.control.support.bundle import Contents, make_bundle
from appliance.model.event import Comment, Follow, Viewer
from appliance.model.state import State
from appliance.model.state.summary import LiveSummary

MAYA, LEO = Viewer(id="1", name="Maya"), Viewer(id="2", name="Leonidas")


def state(*, hidden: bool) -> State:
    room = ChatRoom()
    said = [
        Comment(platform="tiktok", id=str(n), user=who, text=f"said by {who.name}") for n, who in enumerate((MAYA, LEO))
    ]
    room.take([*said, Follow(platform="tiktok", id="9", user=LEO)], Now(0, 0))
    room.pin("tiktok:1")
    room.ask_question("tiktok:0")
    if hidden:
        room.hide_viewer("tiktok:1")
    return State(chat=room.state, alerts=room.alerts)


def test_a_support_bundle_says_nothing_of_viewers() -> None:
    body = make_bundle(Contents(state=state(hidden=True), settings=(), metrics="", log="", at=0.0), ())
    with zipfile.ZipFile(io.BytesIO(body)) as bundle:
        kept = b"".join(bundle.read(name) for name in bundle.namelist())
    assert b'"status":"connected"' in kept.replace(b" ", b"")
    assert not [word for word in (b"Maya", b"Leonidas", b"said by") if word in kept]


def test_who_only_looks_sees_nothing_that_was_hidden() -> None:
    seen = for_viewers(state(hidden=True))
    assert "Maya" not in str(msgspec.to_builtins(seen))
    assert [message.text for message in seen.chat.messages] == ["said by Leonidas", ""]


def test_who_only_looks_sees_nothing_hidden_wherever_it_stands() -> None:
    whole = state(hidden=False)
    chat = whole.chat
    said, asked = (replace(card, hidden="message") for card in (chat.messages[1], chat.questions[0]))
    seen = for_viewers(replace(whole, chat=replace(chat, messages=(said,), questions=(asked,)))).chat
    assert (seen.messages, seen.questions, seen.pinned) == ((), (), None)


def test_the_last_live_is_for_owners() -> None:
    whole = replace(state(hidden=False), summary=LiveSummary(id=1, title="Another day"))
    assert for_viewers(whole) == state(hidden=False)


def test_where_nothing_is_hidden_all_see_the_very_same() -> None:
    whole = state(hidden=False)
    assert for_viewers(whole) is whole
