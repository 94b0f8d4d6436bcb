"""The first screen's scripts and styles as one file each: on a slow line waiting costs more than what travels.

A browser has six connections for a box and waits for each answer; two dozen modules are four rounds of that. So what
`main.js` needs before it runs is one module, in the order in which it would have run, and each of those modules, for
whoever asks for it later, hands on what is in that one. They share one scope: no two may have a name in common, which
`script` checks. The source stays in modules, for people and for the compiler.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ENTRY = "main.js"
STYLES = ("base.css", "home.css", "frame.css")
WHOLE = "first.css"
PAGE = "index.html"
_NEEDED = re.compile(r'^(?:import|export) (?:[^;"]*? from )?"(\.[^"]+)";\n', re.MULTILINE)
_LATER = re.compile(r'\bimport\(([`"])((?:\.{1,2}/)+)')
_NAMES = re.compile(r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)", re.MULTILINE)
_HAND_ON = f'export * from "/static/{ENTRY}";\n'.encode()


def modules(static: Path, name: str = ENTRY) -> list[str]:
    """What a module needs before it runs, itself last. Raises OSError."""
    found: list[str] = []

    def follow(one: str) -> None:
        for needed in _NEEDED.findall((static / one).read_text(encoding="utf-8")):
            path = ((static / one).parent / needed).resolve().relative_to(static.resolve()).as_posix()
            if path not in found:
                follow(path)
        found.append(one)

    follow(name)
    return found


def made(static: Path) -> dict[str, Callable[[], bytes]]:
    """The files by name, and how each is made. Raises OSError."""
    handed_on = {name: lambda: _HAND_ON for name in modules(static) if name != ENTRY}
    return {**handed_on, ENTRY: lambda: script(static), WHOLE: lambda: styles(static)}


def script(static: Path) -> bytes:
    """All that the first screen runs. Raises OSError, and ValueError when two modules have a name in common."""
    texts = [_part(static, name) for name in modules(static)]
    twice = [name for name, count in Counter(_NAMES.findall("\n".join(texts))).items() if count > 1]
    if twice:
        raise ValueError(f"two modules of the first screen have these names: {', '.join(twice)}")
    return "\n".join(texts).encode()


def _part(static: Path, name: str) -> str:
    """A module without what it needs first; what it asks for later it finds from where the whole lies."""
    file = static / name

    def moved(asked: re.Match[str]) -> str:
        folder = (file.parent / asked[2]).resolve().relative_to(static.resolve())
        return f"import({asked[1]}./{'' if folder == Path() else f'{folder.as_posix()}/'}"

    return _LATER.sub(moved, _NEEDED.sub("", file.read_text(encoding="utf-8")))


def styles(static: Path) -> bytes:
    """All that the first screen looks like. Raises OSError."""
    return b"\n".join((static / name).read_bytes() for name in STYLES)


def page(static: Path, language: str) -> bytes:
    """The page for somebody who reads this language: its words are asked for with the rest. Raises OSError."""
    text = (static / PAGE).read_text(encoding="utf-8").replace('<html lang="en">', f'<html lang="{language}">')
    return text.replace("/en/first.js", f"/{language}/first.js").encode()
