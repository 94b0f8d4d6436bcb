"""The chat room with a clock: what the Director, the line to the chat role and the commands meet at.

It owns the room, and how it stands with each source that the owner has chosen. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from appliance.clock.clocks import WallClock
from appliance.control.chat.journal import NO_JOURNAL, Journal
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.control.chat.samples import sample
from appliance.model.chat import Addresses, ChatPlan, FromChat, Happened, SourcePlan
from appliance.model.command import SampleKind
from appliance.model.config import ChatConfig, ModerationConfig
from appliance.model.event import Event
from appliance.model.state.chat import ChatSource, ChatState, PlatformStatus

REPLAY: Final = "replay"
_BEST_FIRST: tuple[PlatformStatus, ...] = ("connected", "connecting", "offline", "limited", "failed")


class ChatDesk:
    """`room` is what was said and given, `state` that and where it comes from."""

    def __init__(self, clock: WallClock, journal: Journal = NO_JOURNAL) -> None:
        self._clock = clock
        self._tries = 0
        self._sources: tuple[ChatSource, ...] = ()
        # What has no id gets one that no earlier control gave.
        self.room = ChatRoom(journal=journal, first_number=int(clock.now() * 1000))

    @property
    def state(self) -> ChatState:
        """The chat as it is."""
        state = self.room.state
        lives = {source.platform: (source.live, source.live_at) for source in state.sources}
        sources = tuple(
            replace(one, live=live, live_at=at)
            for one in self._sources
            for live, at in (lives.get(one.platform, ("unknown", 0.0)),)
        )
        stands = {source.status for source in sources}
        return replace(state, sources=sources, status=next((one for one in _BEST_FIRST if one in stands), "off"))

    def try_out(self, kind: SampleKind) -> None:
        """Has something happen that the owner wants to see."""
        self._tries += 1
        self.take([sample(kind, f"try-{self._tries}", self._clock.now())])

    def take(self, happened: Iterable[Event]) -> None:
        """What happens among the viewers."""
        self.room.take(happened, self._now())

    def said(self, message: FromChat) -> None:
        """What the chat role says. Sources that nobody has chosen are no longer told of."""
        if isinstance(message, Happened):
            self.take(message.events)
        else:
            told = {source.platform: source for source in message.sources}
            self._sources = tuple(told.get(one.platform, one) for one in self._sources)

    def lost(self, plan: ChatPlan) -> None:
        """Who told of these is gone, and comes back."""
        gone = {one.platform for one in plan.sources}
        self._sources = tuple(_not_yet(one.platform) if one.platform in gone else one for one in self._sources)

    def listen(self, *plans: ChatPlan) -> None:
        """Whom the owner has chosen now."""
        known = {source.platform: source for source in self._sources}
        names = (one.platform for plan in plans for one in plan.sources)
        self._sources = tuple(known.get(name) or _not_yet(name) for name in names)

    def follow_clock(self, step_s: float) -> None:
        """The wall's clock was set: what happened before is as long ago as it was."""
        self.room.follow_clock(step_s)

    def look(self, rules: ModerationConfig) -> None:
        """Ends what has ended, and follows the owner's rules."""
        self.room.follow(rules)
        self.room.pass_time(self._now())

    def _now(self) -> Now:
        return Now(self._clock.now(), self._clock.steady())


def _not_yet(platform: str) -> ChatSource:
    """A source of which nothing was heard. A log is played when somebody plays one."""
    return ChatSource(platform=platform, status="offline" if platform == REPLAY else "connecting")


def replay_plan_for(config: ChatConfig) -> ChatPlan:
    """Whether somebody may play the log of another evening."""
    return ChatPlan(sources=(SourcePlan(platform=REPLAY),) if config.source == REPLAY else ())


def chat_plan_for(config: ChatConfig) -> ChatPlan:
    """Whom to listen to, as the owner set it."""
    sources: list[SourcePlan] = []
    if config.source == "simulated":
        sources.append(SourcePlan(platform="simulated"))
    handle = config.tiktok.handle
    if handle or config.source == "tiktok":
        places = Addresses(app=config.app_url, webcast=config.webcast_url, sign=config.sign_url)
        name = (handle or config.handle).removeprefix("@")
        sources.append(SourcePlan(platform="tiktok", name=name, key_file=config.tiktok.sign_key_file, addresses=places))
    if config.twitch.channel:
        sources.append(SourcePlan(platform="twitch", name=config.twitch.channel))
    video = config.youtube
    if video.channel or video.video:
        sources.append(SourcePlan(platform="youtube", name=video.channel, video=video.video, key_file=video.key_file))
    return ChatPlan(sources=tuple(sources))
