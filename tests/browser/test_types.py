"""The scripts' JSDoc types are right, as TypeScript's compiler sees them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.panel.page_files import STATIC
from tests.browser import npm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (Debian: npm)"),
]


@pytest.mark.long
def test_types_are_right_and_what_is_wrong_is_found(tmp_path: Path) -> None:
    """In one run of the compiler, which takes long: what it finds is what was put there, and nothing else."""
    shutil.copytree(STATIC.parent, tmp_path / "panel", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    home = tmp_path / "panel" / "static" / "pieces" / "home.js"
    odd = "/** @param {State} state */\nexport const odd = (state) => state.lvie;\n"
    untyped = "export const twice = (amount) => 2 * amount;\n"
    home.write_text(home.read_text() + f'say("home.nothing");\n{odd}say(Date.now());\n{untyped}')
    lines = [
        line for line in npm.checked(tmp_path / "panel" / "jsconfig.json").stdout.splitlines() if ": error " in line
    ]
    wanted = ("home.nothing", "lvie", "'number'", "'amount' implicitly has an 'any' type")
    assert len(lines) == len(wanted), lines
    for line, found in zip(lines, wanted, strict=True):
        assert found in line


def test_layout_and_lint() -> None:
    done = npm.laid_out()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_golfed_style_an_unused_name_and_a_line_that_is_too_long_are_found(tmp_path: Path) -> None:
    shutil.copytree(STATIC.parent, tmp_path / "panel", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    home = tmp_path / "panel" / "static" / "pieces" / "home.js"
    home.write_text(home.read_text() + "export const odd = () => { const unused = 1; };\n")
    style = tmp_path / "panel" / "static" / "base.css"
    style.write_text(style.read_text() + ".a{color:red;color:red}\n")
    done = npm.laid_out(tmp_path / "panel")
    assert done.returncode != 0
    for found in ("noUnusedVariables", "noDuplicateProperties", "format"):
        assert found in done.stdout + done.stderr, found
    npm.laid_out(tmp_path / "panel", mend=True)
    assert "\tcolor: red;\n" in style.read_text()
