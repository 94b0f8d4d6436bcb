"""One line of IRC with tags (RFC 1459 and IRCv3), as Twitch sends them. Pure: bytes in, a message or nothing out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_LINE = 16_384
"""Tags take 8,191 bytes at most and the rest 512, says IRCv3; what is longer is none of it."""
_ESCAPED = {"\\:": ";", "\\s": " ", "\\\\": "\\", "\\r": "\r", "\\n": "\n"}
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_COMMAND = re.compile(r"[A-Z]+|[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Line:
    """A message: `params` are its words, the last of which may have blanks."""

    command: str
    params: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    nick: str = ""


def parse(data: bytes) -> Line | None:
    """What a line says; None when it is none."""
    text = data.decode(errors="replace").rstrip("\r\n")
    tags: dict[str, str] = {}
    if text.startswith("@"):
        told, _, text = text[1:].partition(" ")
        for tag in told.split(";"):
            key, _, value = tag.partition("=")
            tags[key] = _ESCAPE.sub(lambda found: _ESCAPED.get(found[0], found[1]), value)
    text, nick = text.lstrip(" "), ""
    if text.startswith(":"):
        prefix, _, text = text[1:].partition(" ")
        nick = prefix.partition("!")[0]
    words, has_rest, rest = text.lstrip(" ").partition(" :")
    command, *params = words.split(" ") if words else [""]
    if not _COMMAND.fullmatch(command):
        return None
    params = [word for word in params if word]
    return Line(command, (*params, rest) if has_rest else tuple(params), tags, nick)
