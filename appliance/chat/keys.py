"""Keys that let the chat in, each the first line of a file of the owner's. Nothing that is said of one has it."""

from __future__ import annotations

import re
from pathlib import Path

from appliance.chat.source import Trouble
from appliance.errors import NeedsOwner

KEY_WAIT_S = 300.0
_KEY = re.compile(r"[A-Za-z0-9_.=+/-]{16,400}")


def read_key(file: str, service: str) -> str:
    """The first line of the file. Raises `Trouble`. Blocks on the disk."""
    try:
        with Path(file).open("rb") as stream:
            key = stream.readline(512).decode("ascii").strip()
    except (OSError, ValueError):
        raise key_wrong("file", service) from None
    if not _KEY.fullmatch(key):
        raise key_wrong("text", service)
    return key


def key_wrong(kind: str, service: str) -> Trouble:
    """The key does not open the door; the owner has to look at it."""
    said = {
        "file": f"The file with the key for {service} cannot be read. The box's chat must be allowed to read it.",
        "text": f"The first line of the file with the key for {service} is no key. Copy it again.",
        "key": f"{service} knows no such key. Copy it again where you made it.",
        "service": 'The key may not ask YouTube. Switch on "YouTube Data API v3" for it in Google\'s console.',
        "place": "The key is kept for other addresses than this box's. Change that in Google's console.",
    }
    return Trouble("failed", NeedsOwner("chat-key", said[kind], kind=kind, service=service), KEY_WAIT_S)
