"""Links and phone numbers in a text, also where they are written so that no machine should see them. Pure."""

from __future__ import annotations

import re
import unicodedata

from appliance.control.chat.folding import folded

_DOTS = str.maketrans("。．｡․", "....")
_DOT = r"(?:\.|\s*[(\[{]\s*(?:dot|punto|\.)\s*[)\]}]\s*|\s+(?:dot|punto)\s+|\s+\.\s*|\s*\.\s+)"
_WIDELY = "com|net|org|gg|tv|ru|xyz|link|info|shop|top|live|app|site|online|club|vip|bet|casino"
_TIGHTLY = f"{_WIDELY}|io|me|co|us|uk|de|es|fr|it|br|mx|ar|pl|nl|tk|ly|to|cc|ws|cn|in|id|jp|kr|eu|ai|be|ch|at"
_LINK = re.compile(
    r"(?:https?|hxxps?|ftp)\s?:\s?/\s?/|\bwww\s?\.|"
    rf"[a-z0-9-]{{2,63}}\.(?:{_TIGHTLY})\b|[a-z0-9-]{{2,63}}{_DOT}(?:{_WIDELY})\b|[\w.+-]{{1,64}}@[\w-]{{1,63}}\.\w{{2,}}"
)
_PHONE = re.compile(r"(?<!\d)\+?\d(?:[\s().\-/_*]{0,3}\d){8,14}(?!\d)")


def has_link(text: str) -> bool:
    """Whether it leads somewhere else: an address of the web or of mail."""
    # Looked at twice: as it is, because a look-alike may be no letter of a name, and as it looks.
    dotted = text.translate(_DOTS)
    plain = unicodedata.normalize("NFKC", dotted).casefold()
    return bool(_LINK.search(plain) or _LINK.search(folded(dotted).replace("rn", "m")))


def has_phone_number(text: str) -> bool:
    """Whether it has so many figures in a row as a phone number has, in any script's figures."""
    return bool(_PHONE.search(folded(text)))
