"""The page's files fit together and keep to the policy that the server sends with them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.panel.page_files import STATIC, page_file, page_files

HTML = (STATIC / "index.html").read_text()
STYLE = (STATIC / "panel.css").read_text()
SCRIPTS = sorted(STATIC.rglob("*.js"))
LANGUAGES = sorted(file.stem for file in (STATIC / "sentences").glob("*.js"))


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    assert not re.search(r"<script(?![^>]*\bsrc=)", HTML)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", HTML)
    assert not re.search(r'(?:src|href)="(?!/static/|#i-)', HTML)
    assert "http" not in STYLE
    for name in re.findall(r'"/static/([^"]+)"', HTML):
        assert f"/static/{name}" in page_files()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(STATIC)))
def test_a_script_makes_text_only_and_loads_only_our_own(script: Path) -> None:
    text = script.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    for module in re.findall(r'^import [^;]*?"([^"]+)";$|import "([^"]+)"', text, re.MULTILINE):
        (name,) = filter(None, module)
        assert (script.parent / name).resolve().is_file(), name
    assert text.startswith("//"), "a file says what it is for"
    assert script.parent.name == "sentences" or len(text.splitlines()) < 400


def test_every_icon_is_there_and_none_is_left_over() -> None:
    there = set(re.findall(r'<g id="i-([a-z0-9-]+)"', HTML))
    text = "\n".join(script.read_text() for script in SCRIPTS)
    assert len(there) > 20
    assert {name for name in there if f'"{name}"' not in text} == set()
    asked = set(re.findall(r'\b(?:icon|card|tile)\(\s*"([a-z0-9-]+)"', text)) | set(
        re.findall(r'\b(?:icon|sign): "([a-z0-9-]+)"', text)
    )
    assert asked - there == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_page_is_small(language: str) -> None:
    """Everything that a browser could load in one language, every screen, uncompressed."""
    others = {STATIC / "sentences" / f"{other}.js" for other in LANGUAGES if other != language}
    files = (file for file in STATIC.rglob("*") if file.is_file() and file not in others)
    names = [f"box/{language}.js", *(str(file.relative_to(STATIC)) for file in files)]
    whole = sum(len(page_file(name).coded["gzip"]) for name in names)
    assert whole < 150_000


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read_in_both_themes(theme: int) -> None:
    block = [one for one in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL) if "--text" in one][theme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block.lower()))
    for ground in ("bg", "surface"):
        assert contrast(colours["text"], colours[ground]) >= 12
        for text in ("muted", "ok", "warn", "bad", "live-text"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for fill in ("accent-fill", "live-fill"):
        assert contrast("#FFFFFF", colours[fill]) >= 4.5


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(STATIC)))
def test_a_script_is_well_formed(script: Path) -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "--check"],
        input=script.read_bytes(),
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
