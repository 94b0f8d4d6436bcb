"""Who writes down what happens in the chat room. This one writes nothing."""

from __future__ import annotations

from collections.abc import Collection

from appliance.control.chat.now import Now
from appliance.model.event import Likes, Standing, Viewers
from appliance.model.state.chat import ChatMessage


class Journal:
    """Told of everything once, in its order; what changes is told again."""

    def card(self, card: ChatMessage, *, is_new: bool) -> None:
        """A card is new, or another one than before: it grew, or was hidden or shown."""

    def counted(self, event: Likes | Viewers | Standing, now: Now) -> None:
        """A platform gave a number, or said how its LIVE stands."""

    def deleted(self, messages: Collection[str], users: Collection[str]) -> None:
        """A platform took these messages away, and all that these viewers wrote."""

    def shown(self, card: ChatMessage) -> None:
        """The owner shows a message that was hidden, or approves it; this is how it stands now."""

    def hid(self, user: str, *, hidden: bool) -> None:
        """The owner hid a viewer, or shows one again."""


NO_JOURNAL = Journal()
