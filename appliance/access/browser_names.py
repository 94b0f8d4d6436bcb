"""What a paired browser is called in the list: the name it was given, or what its User-Agent says. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 40
_DEVICES = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook"),
    ("Windows", "Windows PC"), ("Macintosh", "Mac"), ("Linux", "Linux PC"),
)  # fmt: skip
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_JOINERS = {"\u200c", "\u200d"}


def name_for(given: str, user_agent: str) -> str:
    """A name of 1 to 40 characters without anything that could change how its line is read."""
    return _clean(given) or _clean(_from_agent(user_agent)) or "A browser"


def _from_agent(text: str) -> str:
    device = next((name for sign, name in _DEVICES if sign in text), "")
    browser = next((name for sign, name in _BROWSERS if sign in text), "")
    return ", ".join(part for part in (device, browser) if part)


def _clean(text: str) -> str:
    text = text.encode(errors="replace").decode()
    kept = (sign if sign in _JOINERS or unicodedata.category(sign)[0] not in "CZ" else " " for sign in text)
    return " ".join("".join(kept).split())[:LONGEST].strip()
