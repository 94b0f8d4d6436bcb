"""The page's files fit together and keep to the policy that the server sends with them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from appliance.panel.app import STATIC

HTML = (STATIC / "index.html").read_text()
SCRIPT = (STATIC / "panel.js").read_text()
STYLE = (STATIC / "panel.css").read_text()


def test_every_element_the_script_asks_for_is_there() -> None:
    ids = set(re.findall(r' id="([^"]+)"', HTML))
    asked = set(re.findall(r'(?:\$|put|drawCards)\("([^"]+)"', SCRIPT))
    assert len(asked) > 15
    assert asked <= ids
    assert {f"{image}-none" for image in ("preview", "viewer")} <= ids


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    assert not re.search(r"<script(?![^>]*\bsrc=)", HTML)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", HTML)
    assert not re.search(r'(?:src|href)="(?!/static/|https://livecenter\.tiktok\.com/producer")', HTML)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", SCRIPT)
    assert "http" not in STYLE
    for name in re.findall(r'"/static/([^"]+)"', HTML):
        assert (STATIC / name).is_file()


def test_the_page_is_small() -> None:
    assert sum(file.stat().st_size for file in STATIC.iterdir()) < 60_000


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read_in_both_themes(theme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[theme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", block))
    for ground in ("bg", "surface"):
        assert contrast(colours["text"], colours[ground]) >= 12
        for text in ("muted", "ok", "warn", "bad", "live-text"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    # Large bold white text on the button.
    assert contrast("#FFFFFF", colours["accent"]) >= 3
    assert contrast("#FFFFFF", colours["live"]) >= 3


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_script_is_well_formed() -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "--check"], input=SCRIPT, text=True, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
