"""TikTok: a key for each LIVE, and when it expires. Pure; `destinations.paste` reads pastes, for every platform.

TikTok signs a key for one LIVE. The signature's end is a query value of the key: `expire` or `wsTime`, in Unix
seconds, written in hexadecimal in the addresses for pushing and in decimal in some others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from appliance.model.platforms.platform import Home, Platform, Recommendation
from appliance.model.words import Words

_EARLIEST = 1_400_000_000
_LATEST = 5_000_000_000


@dataclass(frozen=True, slots=True)
class TikTok(Platform):
    """TikTok's keys say when they end."""

    def expiry_of(self, key: str) -> int:
        """When the key ends, in Unix seconds; 0 when it does not say so or says it in a way we cannot read."""
        values = dict(parse_qsl(key.partition("?")[2]))
        for name in ("expire", "wsTime"):
            text = values.get(name, "")
            if re.fullmatch(r"[0-9]{9,10}", text) and _EARLIEST <= int(text) <= _LATEST:
                return int(text)
            if re.fullmatch(r"[0-9a-fA-F]{8}", text) and _EARLIEST <= int(text, 16) <= _LATEST:
                return int(text, 16)
        return 0


TIKTOK = TikTok(
    name="tiktok",
    title=Words("TikTok", "TikTok"),
    icon="smartphone",
    page="https://livecenter.tiktok.com/producer",
    key_lasts="one-live",
    rules=(
        (
            "TikTok gives a new server and key for each LIVE: on its LIVE Producer page, fill in the title, press "
            "Save and Go LIVE, and copy both."
        ),
        "You must be 18 or older to go LIVE.",
        (
            "TikTok decides who gets a key. Often it takes 1,000 followers, differing between countries; accounts that "
            "stream games from outside TikTok's own app must mostly show games."
        ),
        "If the page has no key for your account, no box and no program can make one.",
        (
            "This box never asks for your TikTok password or for anything copied from your browser's cookies. Nobody "
            "honest does."
        ),
    ),
    hints=(
        Words(
            "You must be 18, and TikTok decides who gets a key. No box can change that.",
            "Debes tener 18 años, y TikTok decide quién recibe una clave. Ninguna caja puede cambiarlo.",
        ),
        Words(
            "This box never asks for your TikTok password. Nobody honest does.",
            "Esta caja nunca pide tu contraseña de TikTok. Nadie honrado lo hace.",
        ),
    ),
    domains=(r"tiktokcdn(-[a-z]{2,4})?\.com", r"tiktokv\.com", r"tiktok\.com"),
    homes=(Home("tiktokcdn.com"),),
    apps=("game", "stage"),
    recommended=Recommendation(size="720x1280", fps=30, kbps=3400),
    key_pattern=r"stream-[0-9]{6,}(\?.*)?",
    key_start=r"stream-[0-9]",
)
