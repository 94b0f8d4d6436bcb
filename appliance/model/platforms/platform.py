"""A platform as a value: what it is called, where its key is, how long that holds, what its addresses look like.

It never connects. No platform here has a public way to hand out keys, so all have their keys pasted. Whoever says
something of a platform, reads it here: settings, the page, what is found in a paste, what is mistyped in an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from appliance.model.problem import Value
from appliance.model.words import Words

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


@dataclass(frozen=True, slots=True)
class Home:
    """A domain that is told from a mistyped one by its `name`, such as `youtube` of `youtube.com`.

    `beside` must be in the host too where other, honest hosts have nearly the same name; empty where none has.
    """

    domain: str
    beside: str = ""

    @property
    def name(self) -> str:
        """The domain without its ending."""
        return self.domain.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One service, or any server that takes RTMP (`custom`).

    `name` is what `destination.NAME.preset` may be, `title` what people call it, `icon` one of the page's icons. `page`
    is where its key is (empty when there is none); `rules` say in full what it allows and asks for, `hints` as shortly
    as the page does beside the field for the key. `ingests` are its public addresses, the best for most people first
    (empty where the address comes with the key), `domains` regular expressions of its ingest hosts' last labels, `apps`
    what the last part of its servers' addresses may be, the usual one first; `homes` are
    domains that people mistype. `key_pattern` is a regular expression
    of a whole key, `key_start` of what no other word begins with; both empty when keys may be anything.
    """

    name: str
    title: Words
    icon: str
    page: str = ""
    key_lasts: KeyLasts = "unknown"
    rules: tuple[str, ...]
    hints: tuple[Words, ...]
    ingests: tuple[Ingest, ...] = ()
    domains: tuple[str, ...] = ()
    homes: tuple[Home, ...] = ()
    apps: tuple[str, ...] = ("live",)
    recommended: Recommendation
    key_pattern: str = ""
    key_start: str = ""

    def knows_key(self, key: str) -> bool:
        """Whether the key looks like one of this platform's."""
        return bool(self.key_pattern) and re.fullmatch(self.key_pattern, key) is not None

    def begins_key(self, text: str) -> bool:
        """Whether this is one of its keys, or begins like one."""
        return self.knows_key(text) or (bool(self.key_start) and re.match(self.key_start, text) is not None)

    def is_at(self, host: str) -> bool:
        """Whether this host is one of its ingests."""
        return any(re.search(rf"(^|\.){domain}$", host, re.IGNORECASE) for domain in self.domains)

    def expiry_of(self, _key: str) -> int:
        """When a key ends, in Unix seconds; 0 where keys do not say."""
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
        title=platform.title.en,
        page=platform.page,
        key_lasts=platform.key_lasts,
        rules=platform.rules,
        ingests=platform.ingests,
        recommended=platform.recommended,
    )
