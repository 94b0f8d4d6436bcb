"""Who speaks for viewers: a platform's lines, and the chat role itself, or who got into its place. Any bytes in.

What comes out is a chat that every reader can take, however it was made, and within its bounds.
"""

from __future__ import annotations

import contextlib

import msgspec

from appliance.chat.irc import parse
from appliance.chat.twitch import Channel
from appliance.clock.clocks import WallClock
from appliance.control.chat.desk import ChatDesk
from appliance.control.chat.room import LONGEST_COMMENT
from appliance.control.chat.who import LONGEST_NAME
from appliance.control.links.chat_link import MAX_FRAME
from appliance.errors import Invalid
from appliance.model.chat import ChatPlan, Happened, SourcePlan, unpack_from_chat
from appliance.model.event import AnyEvent
from appliance.model.protocol import Unframer
from appliance.model.state.chat import MOST_MESSAGES, ChatState
from appliance.model.viewer_text import graphemes


def chat_events(data: bytes) -> None:
    """Frames on chat.sock, and lines of an IRC server, of which only what a message can carry comes further."""
    desk, channel, unframer = ChatDesk(WallClock(lambda: 1000.0, lambda: 1000.0)), Channel(), Unframer(MAX_FRAME)
    desk.listen(ChatPlan(sources=(SourcePlan(platform="twitch", name="maya"),)))
    for bytes_ in data.split(b"\n"):
        line = parse(bytes_)
        events = tuple(channel.told(line)) if line is not None else ()
        assert msgspec.json.decode(msgspec.json.encode(events), type=tuple[AnyEvent, ...]) == events
        desk.said(Happened(events=events))
    with contextlib.suppress(Invalid):
        for _, body in unframer.feed(data):
            desk.said(unpack_from_chat(body))
    state = desk.state
    assert msgspec.json.decode(msgspec.json.encode(state), type=ChatState) == state
    assert len(state.messages) <= MOST_MESSAGES
    for card in state.messages:
        assert sum(1 for _ in graphemes(card.text)) <= LONGEST_COMMENT
        assert 1 <= sum(1 for _ in graphemes(card.user.name)) <= LONGEST_NAME
