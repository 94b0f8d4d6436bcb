"""Any other server that takes RTMP."""

from __future__ import annotations

from appliance.platforms.platform import Recommendation, Service

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
