"""TikTok's stream keys: when a key expires. Pure; reading a paste is `live.rtmp`, which serves every platform.

TikTok signs a key for one LIVE. The signature's end is a query value of the key: `expire` or `wsTime`, in Unix
seconds, written in hexadecimal in the addresses for pushing and in decimal in some others.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

NAME = "tiktok"
PRODUCER_PAGE = "https://livecenter.tiktok.com/producer"

_EARLIEST = 1_400_000_000
_LATEST = 5_000_000_000


def expiry_of(key: str) -> int:
    """When the key ends, in Unix seconds; 0 when it does not say so or says it in a way we cannot read."""
    values = dict(parse_qsl(key.partition("?")[2]))
    for name in ("expire", "wsTime"):
        text = values.get(name, "")
        if re.fullmatch(r"[0-9]{9,10}", text) and _EARLIEST <= int(text) <= _LATEST:
            return int(text)
        if re.fullmatch(r"[0-9a-fA-F]{8}", text) and _EARLIEST <= int(text, 16) <= _LATEST:
            return int(text, 16)
    return 0
