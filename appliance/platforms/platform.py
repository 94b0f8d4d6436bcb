"""What Plugcast needs to know of a platform: where its key comes from, how long it holds, and what suits it.

A platform is data and one pure function; it never connects. No platform here has a public way to hand out keys, so all
have their keys pasted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from appliance.model.problem import Value

type KeyLasts = Literal["one-live", "until-changed", "unknown"]


class Recommendation(Value, frozen=True):
    """What suits the platform: the canvas as WIDTHxHEIGHT, frames a second, kilobits a second."""

    size: str
    fps: int
    kbps: int


class Ingest(Value, frozen=True):
    """One public address to send to."""

    title: str
    server: str


class Platform(Protocol):
    """One service, or any RTMP server (`custom`)."""

    @property
    def name(self) -> str:
        """As in `destination.NAME.preset`."""

    @property
    def title(self) -> str:
        """As people write it; empty for `custom`."""

    @property
    def page(self) -> str:
        """The platform's own page with the key; empty when there is none."""

    @property
    def key_lasts(self) -> KeyLasts:
        """How long a key holds."""

    @property
    def rules(self) -> tuple[str, ...]:
        """What the platform allows and asks for, in plain sentences."""

    @property
    def ingests(self) -> tuple[Ingest, ...]:
        """Its public addresses, the best for most people first; empty where the address comes with the key."""

    @property
    def domains(self) -> tuple[str, ...]:
        """Regular expressions of its ingest hosts' last labels."""

    @property
    def recommended(self) -> Recommendation:
        """What suits it."""

    def knows_key(self, key: str) -> bool:
        """Whether the key looks like one of this platform's."""

    def expiry_of(self, key: str) -> int:
        """When the key ends, in Unix seconds; 0 when it does not say."""


@dataclass(frozen=True, slots=True)
class Service:
    """A platform whose keys are pasted and do not say when they end."""

    name: str
    title: str
    page: str
    key_lasts: KeyLasts
    rules: tuple[str, ...]
    ingests: tuple[Ingest, ...]
    domains: tuple[str, ...]
    recommended: Recommendation
    key_pattern: str = ""

    def knows_key(self, key: str) -> bool:
        """Whether the key looks like one of this platform's."""
        return bool(self.key_pattern) and re.fullmatch(self.key_pattern, key) is not None

    def expiry_of(self, key: str) -> int:
        """Always 0: such a key does not say when it ends."""
        return 0


class PlatformView(Value, frozen=True):
    """A platform as a page shows it."""

    name: str
    title: str
    page: str
    key_lasts: KeyLasts
    rules: tuple[str, ...]
    ingests: tuple[Ingest, ...]
    recommended: Recommendation


def view_of(platform: Platform) -> PlatformView:
    """What people may know of a platform."""
    return PlatformView(
        name=platform.name,
        title=platform.title,
        page=platform.page,
        key_lasts=platform.key_lasts,
        rules=platform.rules,
        ingests=platform.ingests,
        recommended=platform.recommended,
    )
