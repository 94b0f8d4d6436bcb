"""One of every kind of event, for the owner to try what happens. Pure. They count nowhere."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from appliance.model.command import SampleKind
from appliance.model.event import Comment, Event, Follow, Gift, Join, Question, Share, Subscribe, Viewer

TEST: Final = "test"
"""The platform of what the owner tries: it is shown and counts nowhere."""

_WHO = Viewer(id="test", name="Maya", handle="maya.plays")


def sample(kind: SampleKind, id_: str, at: float) -> Event:
    """An event of this kind, by a viewer who is nobody."""
    made: Event
    match kind:
        case "comment":
            made = Comment(platform=TEST, user=_WHO, text="Hello from the test button!")
        case "question":
            made = Question(platform=TEST, user=_WHO, text="Which game is next?")
        case "gift":
            made = Gift(platform=TEST, user=_WHO, gift="rose", name="Rose", count=5, coins=1)
        case "follow":
            # Somebody else each time: a viewer follows once.
            made = Follow(platform=TEST, user=replace(_WHO, id=id_))
        case "share":
            made = Share(platform=TEST, user=_WHO)
        case "subscribe":
            made = Subscribe(platform=TEST, user=_WHO, months=1)
        case "join":
            made = Join(platform=TEST, user=_WHO)
    return replace(made, id=id_, at=at)
