"""Every problem that there is, by its code: what happens next, the words in every language, the fix. Pure.

Each has a page, docs/problems/CODE.md. Page, TV and phone read these words; the sentence with which a problem is raised
is for logs and terminals, where it may name files and settings.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from appliance.model.problem import Fact, Problem
from appliance.model.words import Words
from appliance.problems.access import ACCESS
from appliance.problems.box import BOX
from appliance.problems.destination import DESTINATION
from appliance.problems.entry import ProblemEntry
from appliance.problems.network import NETWORK
from appliance.problems.picture import PICTURE
from appliance.problems.recording import RECORDING
from appliance.problems.sound import SOUND

CATALOGUE: Mapping[str, ProblemEntry] = {**PICTURE, **SOUND, **DESTINATION, **NETWORK, **RECORDING, **ACCESS, **BOX}

NAMED_FACTS: Mapping[str, Mapping[str, Words]] = {
    "left-out": {
        "preview": Words("the smooth preview", "la vista previa fluida"),
        "looks": Words("the small pictures of the looks", "las imágenes pequeñas de los estilos"),
        "painter": Words("quick changes of the waiting picture's words", "los cambios rápidos de texto en la espera"),
        "preset": Words("the finer encoding", "la codificación más fina"),
        "frames": Words("a part of the pictures", "una parte de los fotogramas"),
    },
}
"""Facts whose values are names of ours, with several after commas: how people say each."""


def told(problem: Problem, language: str) -> Problem:
    """The problem with its hints, as it is said to somebody who reads `language`.

    English keeps the sentence that it was raised with, which is the more exact; so does what the catalogue cannot say,
    because a fact is missing.
    """
    entry = CATALOGUE.get(problem.code)
    if entry is None:
        return problem
    words = "" if language.partition("-")[0] == "en" else said(entry.words_for(problem.facts), language, problem.facts)
    hints = problem.hints or tuple(hint.said(language) for hint in entry.hints)
    return msgspec.structs.replace(problem, text=words or problem.text, hints=hints)


def said(words: Words, language: str, facts: Mapping[str, Fact]) -> str:
    """The words with their facts; empty when one is missing."""
    known = {name: _value(name, value, language) for name, value in facts.items()}
    try:
        return words.said(language).format_map(known)
    except KeyError:
        return ""


def _value(name: str, value: Fact, language: str) -> str:
    named = NAMED_FACTS.get(name)
    if named is None:
        return str(value)
    return ", ".join(named[one].said(language) if one in named else one for one in str(value).split(","))
