"""Every code that a person can meet has its page in docs/problems, and no page is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import ROOT

PAGES = ROOT / "docs" / "problems"
ERRORS = {"Invalid", "Refused", "Unavailable", "NeedsOwner", "Denied"}
SHAPE = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


def texts(node: ast.expr) -> list[str]:
    """The code that an expression is, or the two that it chooses from."""
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    is_code = isinstance(node, ast.Constant) and isinstance(node.value, str) and SHAPE.match(node.value)
    return [str(node.value)] if is_code and isinstance(node, ast.Constant) else []


def codes_of(call: ast.Call) -> list[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in ERRORS | {"Reason"}:
        # Denied has its status first, Reason its cause.
        found = [texts(argument) for argument in call.args[:2]]
        return next((codes for codes in found if codes), [])
    named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    return [code for value in named for code in texts(value)]


def codes_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield from codes_of(node)
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "code" for t in node.targets):
            yield from texts(node.value)
        elif isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "SENTENCES" for t in node.targets
        ):
            assert isinstance(node.value, ast.Dict)
            yield from (code for key in node.value.keys if key for code in texts(key))


def used() -> set[str]:
    found = {code for file in (ROOT / "appliance").rglob("*.py") for code in codes_in(file)}
    # The panel's words for statuses that come from the web server.
    return found | {"not-found", "too-large", "request"}


def test_the_search_finds_the_codes_it_should() -> None:
    assert {"config", "needs-key", "no-cable", "wrong-host", "engine-not-running", "server-silent"} <= used()


@pytest.mark.parametrize("code", sorted(used()))
def test_a_code_has_its_page(code: str) -> None:
    page = PAGES / f"{code}.md"
    assert page.is_file(), f"docs/problems/{code}.md is missing"
    title, _, rest = page.read_text().partition("\n")
    assert title.startswith("# ")
    assert title.endswith(f" (`{code}`)")
    assert "## What to do\n" in rest


def test_no_page_is_left_over() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} - used() == set()
