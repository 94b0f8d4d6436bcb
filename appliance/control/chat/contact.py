"""Links and phone numbers in a text, also where they are written so that no machine should see them. Pure."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from appliance.control.chat.folding import folded

_DOTS = str.maketrans("。．｡․", "....")
_BRACKETED = r"\s*[(\[{]\s*(?:dot|punto|\.)\s*[)\]}]\s*"
_SPOKEN, _APART = r"\s+(?:dot|punto)\s+", r"\s+\.\s+"
# The more a dot could be the end of a sentence, the less an everyday word behind it is a domain.
_APART_NAMES = "com|net|org|ru|xyz"
_SPOKEN_NAMES = f"{_APART_NAMES}|gg|tv"
_NAMES = f"{_SPOKEN_NAMES}|io|co|uk|fr|br|mx|ar|pl|nl|tk|ly|cc|ws|cn|jp|kr|eu|ai|ch|casino"
_EVERYDAY = "info|link|shop|top|live|app|site|online|club|vip|bet|me|us|de|es|it|to|in|id|be|at"
_ENDS = r"(?=[/:]\w|[\s.,!?)]*$)"
"""Where an address goes on or the text ends: there an everyday word is a domain, and not the next sentence."""
_LINK = re.compile(
    r"(?:https?|hxxps?|ftp)\s?:\s?/\s?/|\bwww\s?\.|[\w.+-]{1,64}@[\w-]{1,63}\.\w{2,}|[a-z0-9-]{2,63}"
    rf"(?:\.(?:(?:{_NAMES})\b|(?:{_EVERYDAY})\b{_ENDS})|{_BRACKETED}(?:{_NAMES}|{_EVERYDAY})\b"
    rf"|{_SPOKEN}(?:{_SPOKEN_NAMES})\b|{_APART}(?:{_APART_NAMES})\b)"
)
_PHONE = re.compile(r"(?<!\d)\+?\d(?:[\s().\-/_*]{0,3}\d){8,14}(?!\d)")


def has_link(text: str) -> bool:
    """Whether it leads somewhere else: an address of the web or of mail."""
    # Looked at twice: as it is, because a look-alike may be no letter of a name, and as it looks.
    dotted = text.translate(_DOTS)
    plain = unicodedata.normalize("NFKC", dotted).casefold()
    return bool(_LINK.search(plain) or _LINK.search(folded(dotted).replace("rn", "m")))


def has_phone_number(text: str) -> bool:
    """Whether it has so many figures in a row as a phone number has, in any script's figures. Counting is none."""
    return any(not _counts(found[0]) for found in _PHONE.finditer(folded(text)))


def _counts(figures: str) -> bool:
    """Whether they go up or down by the same each time: 1 2 3, 10 20 30, 5 4 3."""
    numbers = [int(number) for number in re.findall(r"\d+", figures)]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1 and "+" not in figures
