"""Any other server that takes RTMP."""

from __future__ import annotations

from appliance.model.platforms.platform import Platform, Recommendation
from appliance.model.words import Words

CUSTOM = Platform(
    name="custom",
    title=Words("Your own server", "Tu propio servidor"),
    icon="settings",
    rules=(
        "Any server that takes RTMP or RTMPS, such as a multistream service that passes your stream on.",
        "Its page names a server address and a stream key; paste both.",
    ),
    hints=(
        Words(
            "Any RTMP server: its page names an address and a key.",
            "Cualquier servidor RTMP: su página da una dirección y una clave.",
        ),
    ),
    recommended=Recommendation(size="1280x720", fps=30, kbps=3000),
)
