"""The page's files fit together and keep to the policy that the server sends with them."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from appliance.model.words import LANGUAGES
from appliance.panel import first_screen
from appliance.panel.page_files import PAGES, STATIC, page_file, page_files, page_for

HTML = (STATIC / "index.html").read_text()
ICONS = (STATIC / "icons.svg").read_text()
STYLE = "\n".join(file.read_text() for file in sorted(STATIC.glob("*.css")))
SCRIPTS = sorted(STATIC.rglob("*.js"))


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    assert not re.search(r"<script(?![^>]*\bsrc=)", HTML)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", HTML)
    assert not re.search(r'(?:src|href)="(?!/static/|#i-|#/"|/api/state")', HTML)
    assert "http" not in STYLE
    for name in re.findall(r'"/static/([^"]+)"', HTML):
        assert f"/static/{name}" in page_files()


def test_a_home_screen_has_a_name_and_icons_of_the_size_they_say() -> None:
    """It opens in the browser, where the phone is known: an app of its own would have to be let in anew."""
    manifest = json.loads((STATIC / "plugcast.webmanifest").read_text())
    assert (manifest["name"], manifest["start_url"], manifest["display"]) == ("Plugcast", "/", "browser")
    assert {(page_file("plugcast.webmanifest").content_type), page_file("icon-180.png").content_type} == {
        "application/manifest+json", "image/png",
    }  # fmt: skip
    icons = {icon["sizes"]: icon["src"] for icon in manifest["icons"]}
    assert '<link rel="apple-touch-icon" href="/static/icon-180.png">' in HTML
    assert '<link rel="manifest" href="/static/plugcast.webmanifest">' in HTML
    for size in (180, 512):
        path = icons[f"{size}x{size}"]
        assert path in page_files()
        png = (STATIC / path.removeprefix("/static/")).read_bytes()
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", png[16:24]) == (size, size)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(STATIC)))
def test_a_script_makes_text_only_and_loads_only_our_own(script: Path) -> None:
    text = script.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    for module in re.findall(r'^import [^;]*?"([^"]+)";$|import "([^"]+)"', text, re.MULTILINE):
        (name,) = filter(None, module)
        assert (script.parent / name).resolve().is_file(), name
    assert text.startswith("//"), "a file says what it is for"
    assert len(text.splitlines()) < 400


def test_every_icon_is_there_and_none_is_left_over() -> None:
    first, later = (set(re.findall(r'<g id="i-([a-z0-9-]+)"', text)) for text in (HTML, ICONS))
    there = first | later
    assert first & later == set()
    text = "\n".join(script.read_text() for script in SCRIPTS)
    assert len(there) > 20
    assert {name for name in there if f'"{name}"' not in text} == set()
    asked = set(re.findall(r'\b(?:icon|card|tile)\(\s*"([a-z0-9-]+)"', text)) | set(
        re.findall(r'\b(?:icon|sign): "([a-z0-9-]+)"', text)
    )
    assert asked - there == set()
    now = "\n".join((STATIC / name).read_text() for name in first_screen.modules(STATIC))
    assert {name for name in later if re.search(rf'\bicon\("{name}"|sign: "{name}"', now)} == set()


def test_what_the_first_screen_needs_is_asked_for_at_once() -> None:
    """A browser that finds out by reading one file after the other waits for the box each time."""
    for language in LANGUAGES:
        page = PAGES[f"{language}/index.html"]().decode()
        asked = set(re.findall(r'<link [^>]*href="/static/([^"]+)"', page))
        assert asked >= {"main.js", "first.css", f"sentences/{language}/first.js", f"box/{language}/first.js"}
        assert f'<html lang="{language}">' in page


def test_the_first_screen_is_one_module_and_its_parts_hand_on_what_is_in_it(tmp_path: Path) -> None:
    names = first_screen.modules(STATIC)
    assert len(names) == len(set(names)) > 10
    assert names[-1] == "main.js"
    whole = page_file("main.js").coded["identity"].decode()
    assert re.findall(r'^(?:import|export) (?:[^;"]*? from )?"', whole, re.MULTILINE) == []
    later = re.findall(r'import\([`"]\./([^"`$]*)', whole)
    assert "lib/video.js" in later
    assert [path for path in later if not (STATIC / path).exists()] == []
    assert "import(`./${place}/" in whole
    for name in names:
        text = (STATIC / name).read_text()
        for exported in re.findall(r"^export (?:async )?(?:const|let|class|function) (\w+)", text, re.MULTILINE):
            assert len(re.findall(rf"^export (?:async )?\w+ {exported}\b", whole, re.MULTILINE)) == 1, exported
    assert {page_file(name).coded["identity"] for name in names[:-1]} == {b'export * from "/static/main.js";\n'}
    (tmp_path / "main.js").write_text('import { one } from "./a.js";\nconst two = one;\n')
    (tmp_path / "a.js").write_text("export const one = 1;\nconst two = 2;\n")
    with pytest.raises(ValueError, match="these names: two"):
        first_screen.script(tmp_path)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [(None, "en"), ("", "en"), ("es-ES,es;q=0.9,en;q=0.8", "es"), ("de, es;q=0.5, en;q=0.7", "en"), ("es;q=0", "en")],
)
def test_the_page_comes_in_the_readers_language(accepted: str | None, language: str) -> None:
    assert page_for(accepted) == f"{language}/index.html"


def test_the_first_screen_has_its_words() -> None:
    """Those of other screens are not there yet; what a name that the box made up is called, is looked for only."""
    first = (STATIC / "sentences" / "en" / "first.js").read_text()
    groups = set(re.findall(r'^\t"?([a-z-]+)"?: \{$', first, re.MULTILINE))
    assert len(groups) > 15
    text = "\n".join((STATIC / name).read_text() for name in first_screen.modules(STATIC))
    said = set(re.findall(r'[("\s:?]["`]([a-z-]+)\.[a-z${-]', text)) & all_groups()
    assert len(said) > 15
    assert said - groups == set()


def all_groups() -> set[str]:
    files = (STATIC / "sentences" / "en").glob("*.js")
    return {one for file in files for one in re.findall(r'^\t"?([a-z-]+)"?: \{$', file.read_text(), re.MULTILINE)}


def test_only_comments_are_left_out_of_what_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """// What it is for.
/** Two
 * lines. */
export const a = "/* not one */"; // kept
\t// gone
\t/** @type {string} */ const b = `http://x`;
\t/* gone */
c(b); /* kept
*/
"""
    (tmp_path / "x.js").write_text(code)
    monkeypatch.setattr("appliance.panel.page_files.STATIC", tmp_path)
    page_file.cache_clear()
    sent = page_file("x.js").coded["identity"]
    page_file.cache_clear()
    assert (
        sent.decode()
        == """export const a = "/* not one */"; // kept
\t/** @type {string} */ const b = `http://x`;
c(b); /* kept
*/
"""
    )


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read_in_both_themes(theme: int) -> None:
    block = [one for one in re.findall(r":root(?:,\s*#stage)? \{(.*?)\}", STYLE, re.DOTALL) if "--text" in one][theme]
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
        input=page_file(script.relative_to(STATIC).as_posix()).coded["identity"],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
