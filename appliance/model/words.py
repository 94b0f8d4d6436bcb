"""One thing to say, in every language that the box speaks. For another language mypy names who lacks it."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The same sentence in each language; `{name}` is filled in with a fact."""

    en: str
    es: str

    def said(self, language: str) -> str:
        """In this language, such as `es` or `es-MX`; in English when we do not speak it."""
        spoken = language.partition("-")[0]
        return self[LANGUAGES.index(spoken)] if spoken in LANGUAGES else self.en


LANGUAGES = Words._fields
