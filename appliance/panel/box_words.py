"""The words that the page has of the box, as a script for each language: problems, what mends them, looks, platforms.

They are written once, where the box keeps what they are about, and the page has no list of its own. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from appliance.model.config import default_destinations
from appliance.model.platforms.registry import PLATFORMS
from appliance.model.words import Words
from appliance.problems.catalogue import CATALOGUE, NAMED_FACTS
from appliance.settings.listing import options

type Part = Literal["first", "problems", "answers", "screens"]
PARTS: tuple[Part, ...] = get_args(Part.__value__)
_SCRIPT = "// Made by the box of its catalogues.\nexport default {};\n"


def box_words(language: str, part: Part) -> bytes:
    """The script that the page imports: what its first screen needs, what others do, what is said of problems."""
    whole = {"first": _first, "problems": _problems, "answers": _answers, "screens": _screens}[part](language)
    return _SCRIPT.replace("{}", msgspec.json.encode(whole).decode()).encode()


def _first(language: str) -> Mapping[str, object]:
    return {
        "sentences": {
            "ready": _said(language, ((code, one.short) for code, one in CATALOGUE.items() if one.short)),
            "preset": _said(language, ((name, one.title) for name, one in PLATFORMS.items())),
            "rules": {name: "\n".join(hint.said(language) for hint in one.hints) for name, one in PLATFORMS.items()},
        },
        "fixes": {code: entry.fix for code, entry in CATALOGUE.items() if entry.fix},
    }


def _problems(language: str) -> Mapping[str, object]:
    facts = ((f"{name}.{one}", words) for name, every in NAMED_FACTS.items() for one, words in every.items())
    return {
        "sentences": {
            "problem": _said(
                language, ((code, entry.words) for code, entry in CATALOGUE.items() if not entry.is_answer)
            ),
            "value": _said(language, facts),
        },
        "hints": {
            code: [hint.said(language) for hint in entry.hints] for code, entry in CATALOGUE.items() if entry.hints
        },
    }


def _answers(language: str) -> Mapping[str, object]:
    """What only an answer says: problems of who asked, and of one problem exactly which kind it is."""
    alone = ((code, one.words) for code, one in CATALOGUE.items() if one.is_answer)
    kinds = ((f"{code}.{kind}", words) for code, one in CATALOGUE.items() for kind, words in one.kinds.items())
    return {"sentences": {"problem": _said(language, (*alone, *kinds))}}


def _screens(language: str) -> Mapping[str, object]:
    return {
        "sentences": {},
        "looks": options("picture.look", language),
        "platforms": [(name, one.icon) for name, one in PLATFORMS.items() if name not in default_destinations()],
    }


def _said(language: str, every: Iterable[tuple[str, Words]]) -> Mapping[str, str]:
    return {name: words.said(language) for name, words in every}
