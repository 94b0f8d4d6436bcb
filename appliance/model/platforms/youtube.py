"""YouTube: a key that stays. Addresses and figures are from its help on encoder settings."""

from __future__ import annotations

from appliance.model.platforms.platform import Home, Ingest, Platform, Recommendation
from appliance.model.words import Words

YOUTUBE = Platform(
    name="youtube",
    title=Words("YouTube", "YouTube"),
    icon="play",
    page="https://www.youtube.com/live_dashboard",
    key_lasts="until-changed",
    rules=(
        "Your key is in YouTube Studio under Go live > Stream: press Copy beside Stream key.",
        "It stays the same until you reset it there. Whoever has it can stream to your channel.",
        "A channel that never streamed must be switched on for it first, which takes YouTube up to 24 hours.",
    ),
    hints=(
        Words(
            "Press Copy beside Stream key. The first time YouTube takes up to 24 hours to switch you on.",
            "Pulsa Copiar junto a la clave. La primera vez tarda hasta 24 horas.",
        ),
    ),
    ingests=(
        Ingest(title="Main (encrypted)", server="rtmps://a.rtmps.youtube.com/live2"),
        Ingest(title="Main", server="rtmp://a.rtmp.youtube.com/live2"),
        Ingest(title="Spare (encrypted)", server="rtmps://b.rtmps.youtube.com/live2?backup=1"),
    ),
    domains=(r"youtube\.com",),
    homes=(Home("youtube.com", beside="rtmp"),),
    apps=("live2",),
    recommended=Recommendation(size="1280x720", fps=30, kbps=4000),
    key_pattern=r"([a-z0-9]{4}-){3,4}[a-z0-9]{4}",
)
