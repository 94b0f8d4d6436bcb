"""The platforms there are, by name, and which one an address or a key belongs to. Each has a file of its own. Pure."""

from __future__ import annotations

import re

from appliance.platforms.custom import CUSTOM
from appliance.platforms.platform import Platform
from appliance.platforms.tiktok import TIKTOK
from appliance.platforms.twitch import TWITCH
from appliance.platforms.youtube import YOUTUBE

PLATFORMS: dict[str, Platform] = {platform.name: platform for platform in (TIKTOK, TWITCH, YOUTUBE, CUSTOM)}


def platform_named(name: str) -> Platform:
    """The platform of this name; `custom` for any other."""
    return PLATFORMS.get(name, CUSTOM)


def platform_at(host: str) -> Platform | None:
    """Whose ingest this host is; None when it is nobody's we know."""
    return next(
        (
            platform
            for platform in PLATFORMS.values()
            if any(re.search(rf"(^|\.){domain}$", host, re.IGNORECASE) for domain in platform.domains)
        ),
        None,
    )


def looks_like_a_key(text: str) -> bool:
    """Whether any platform's keys look like this."""
    return any(platform.knows_key(text) for platform in PLATFORMS.values())
