"""The platforms there are, by name, and which one an address or a key belongs to. Pure."""

from __future__ import annotations

from appliance.model.platforms.custom import CUSTOM
from appliance.model.platforms.platform import Platform
from appliance.model.platforms.tiktok import TIKTOK
from appliance.model.platforms.twitch import TWITCH
from appliance.model.platforms.youtube import YOUTUBE

PLATFORMS: dict[str, Platform] = {platform.name: platform for platform in (TIKTOK, TWITCH, YOUTUBE, CUSTOM)}
"""In the order in which people are shown them."""


def platform_named(name: str) -> Platform:
    """The platform of this name; `custom` for any other."""
    return PLATFORMS.get(name, CUSTOM)


def platform_at(host: str) -> Platform | None:
    """Whose ingest this host is; None when it is nobody's we know."""
    return next((platform for platform in PLATFORMS.values() if platform.is_at(host)), None)


def looks_like_a_key(text: str) -> bool:
    """Whether any platform's keys look like this."""
    return platform_of_key(text) is not None


def begins_a_key(text: str) -> bool:
    """Whether this looks like a key of some platform, or like the beginning of one that was damaged."""
    return any(platform.begins_key(text) for platform in PLATFORMS.values())


def expiry_of(key: str) -> int:
    """When a key ends, in Unix seconds; 0 when it does not say so in a way that any platform's keys do."""
    return next((at for platform in PLATFORMS.values() if (at := platform.expiry_of(key))), 0)


def platform_of_key(key: str) -> Platform | None:
    """Whose keys look like this; None when it is nobody's we know."""
    return next((platform for platform in PLATFORMS.values() if platform.knows_key(key)), None)
