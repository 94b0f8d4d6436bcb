"""Text that somebody else wrote: names of hosts, devices, cards and disks. The one door that it comes in by. Pure.

Such names are bytes, and Python keeps a byte that is no UTF-8 as half a character, which can be neither sent nor
written: one of them in the State and nobody is told anything any more.
"""

from __future__ import annotations

LONGEST = 255


def legible(text: str | bytes, longest: int = LONGEST) -> str:
    """The text as valid Unicode on one line of bounded length; what cannot be shown becomes a blank."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    # More than enough to cut from: whoever sends megabytes shall not be read to the end.
    words = words[: 4 * longest].encode(errors="replace").decode()
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    return " ".join(printable.split())[:longest].strip()
