"""Which codes the code raises, and as which class of error: found by reading it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.project import ROOT

ERRORS = {"Invalid", "Refused", "Unavailable", "NeedsOwner", "Denied"}
SHAPE = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


class Raised(NamedTuple):
    """A code, and what it is raised as: the name of a class of error, or empty for a value."""

    code: str
    kind: str = ""


def every_raise() -> set[Raised]:
    """All there are in the package."""
    found = {one for file in (ROOT / "appliance").rglob("*.py") for one in raises_in(file)}
    # The panel's words for statuses that come from the web server.
    return found | {Raised("not-found"), Raised("too-large"), Raised("request")}


def raises_in(file: Path) -> Iterator[Raised]:
    """Those of one file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign) and _names(node) & {"code"}:
            yield from map(Raised, _texts(node.value))
        elif isinstance(node, ast.Assign) and _names(node) & {"SENTENCES"}:
            assert isinstance(node.value, ast.Dict)
            yield from (Raised(code) for key in node.value.keys if key for code in _texts(key))


def _names(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _of_call(call: ast.Call) -> list[Raised]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in ERRORS | {"Reason"}:
        # Denied has its status first, Reason its cause.
        found = [_texts(argument) for argument in call.args[:2]]
        codes = next((codes for codes in found if codes), [])
        return [Raised(code, name if name in ERRORS else "") for code in codes]
    named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    return [Raised(code) for value in named for code in _texts(value)]


def _texts(node: ast.expr) -> list[str]:
    """The code that an expression is, or the two that it chooses from."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    is_code = isinstance(node, ast.Constant) and isinstance(node.value, str) and SHAPE.match(node.value)
    return [str(node.value)] if is_code and isinstance(node, ast.Constant) else []
