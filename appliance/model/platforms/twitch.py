"""Twitch: a key that stays. Addresses and figures are from ingest.twitch.tv/ingests and its guidelines."""

from __future__ import annotations

from appliance.model.platforms.platform import Home, Ingest, Platform, Recommendation
from appliance.model.words import Words

TWITCH = Platform(
    name="twitch",
    title=Words("Twitch", "Twitch"),
    icon="tv",
    page="https://dashboard.twitch.tv/settings/stream",
    key_lasts="until-changed",
    rules=(
        "Your key is on Twitch's page under Settings > Stream: press Copy beside Primary Stream key.",
        "It stays the same until you reset it there. Whoever has it can stream to your channel.",
        "Everybody from 13 on may stream; Twitch may ask for two-factor authentication first.",
        "At most 6000 kbit/s reaches viewers.",
    ),
    hints=(Words("Press Copy beside Primary Stream key.", "Pulsa Copiar junto a la clave de transmisión principal."),),
    ingests=(
        Ingest(title="Nearest (encrypted)", server="rtmps://ingest.global-contribute.live-video.net/app"),
        Ingest(title="Nearest", server="rtmp://ingest.global-contribute.live-video.net/app"),
    ),
    domains=(r"live-video\.net", r"twitch\.tv"),
    homes=(Home("live-video.net", beside="contribute"),),
    apps=("app",),
    recommended=Recommendation(size="1280x720", fps=30, kbps=3000),
    key_pattern=r"live_[0-9]+_[A-Za-z0-9]+(\?.*)?",
)
