"""The platforms there are, by name, and which one an address or a key belongs to. Pure.

Addresses and figures are from the platforms' own public pages: Twitch's ingest list (ingest.twitch.tv/ingests) and
broadcasting guidelines, YouTube's help on encoder settings.
"""

from __future__ import annotations

import re

from appliance.platforms.platform import Ingest, Platform, Recommendation, Service
from appliance.platforms.tiktok import TIKTOK

TWITCH = Service(
    name="twitch",
    title="Twitch",
    page="https://dashboard.twitch.tv/settings/stream",
    key_lasts="until-changed",
    rules=(
        "Your key is on Twitch's page under Settings > Stream: press Copy beside Primary Stream key.",
        "It stays the same until you reset it there. Whoever has it can stream to your channel.",
        "Everybody from 13 on may stream; Twitch may ask for two-factor authentication first.",
        "At most 6000 kbit/s reaches viewers.",
    ),
    ingests=(
        Ingest(title="Nearest (encrypted)", server="rtmps://ingest.global-contribute.live-video.net/app"),
        Ingest(title="Nearest", server="rtmp://ingest.global-contribute.live-video.net/app"),
    ),
    domains=(r"live-video\.net", r"twitch\.tv"),
    recommended=Recommendation(size="1280x720", fps=30, kbps=3000),
    key_pattern=r"live_[0-9]+_[A-Za-z0-9]+(\?.*)?",
)

YOUTUBE = Service(
    name="youtube",
    title="YouTube",
    page="https://www.youtube.com/live_dashboard",
    key_lasts="until-changed",
    rules=(
        "Your key is in YouTube Studio under Go live > Stream: press Copy beside Stream key.",
        "It stays the same until you reset it there. Whoever has it can stream to your channel.",
        "A channel that never streamed must be switched on for it first, which takes YouTube up to 24 hours.",
    ),
    ingests=(
        Ingest(title="Main (encrypted)", server="rtmps://a.rtmps.youtube.com/live2"),
        Ingest(title="Main", server="rtmp://a.rtmp.youtube.com/live2"),
        Ingest(title="Spare (encrypted)", server="rtmps://b.rtmps.youtube.com/live2?backup=1"),
    ),
    domains=(r"youtube\.com",),
    recommended=Recommendation(size="1280x720", fps=30, kbps=4000),
    key_pattern=r"([a-z0-9]{4}-){3,4}[a-z0-9]{4}",
)

CUSTOM = Service(
    name="custom",
    title="",
    page="",
    key_lasts="unknown",
    rules=(
        "Any server that takes RTMP or RTMPS, such as a multistream service that passes your stream on.",
        "Its page names a server address and a stream key; paste both.",
    ),
    ingests=(),
    domains=(),
    recommended=Recommendation(size="1280x720", fps=30, kbps=3000),
)

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
