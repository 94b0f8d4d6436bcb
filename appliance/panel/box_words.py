"""The words that the page has of the box, as a script for each language: problems, what mends them, what helps.

They are written once, where the box keeps what they are about, and the page has no list of its own. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from appliance.model.words import Words
from appliance.problems.catalogue import CATALOGUE, NAMED_FACTS

_SCRIPT = "// Made by the box of its catalogues.\nexport default {};\n"


def box_words(language: str) -> bytes:
    """The script that the page imports."""
    sentences = {
        "problem": _said(language, ((code, entry.words) for code, entry in CATALOGUE.items())),
        "ready": _said(language, ((code, entry.short) for code, entry in CATALOGUE.items() if entry.short)),
        "value": _said(language, ((f"{name}.{one}", words) for name, all_ in NAMED_FACTS.items()
                                  for one, words in all_.items())),
    }  # fmt: skip
    whole = {
        "sentences": sentences,
        "hints": {
            code: [hint.said(language) for hint in entry.hints] for code, entry in CATALOGUE.items() if entry.hints
        },
        "fixes": {code: entry.fix for code, entry in CATALOGUE.items() if entry.fix},
    }
    return _SCRIPT.replace("{}", msgspec.json.encode(whole).decode()).encode()


def _said(language: str, every: Iterable[tuple[str, Words]]) -> Mapping[str, str]:
    return {name: words.said(language) for name, words in every}
