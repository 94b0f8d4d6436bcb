"""YouTube: a key that stays. Addresses and figures are from its help on encoder settings."""

from __future__ import annotations

from appliance.platforms.platform import Ingest, Recommendation, Service

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
