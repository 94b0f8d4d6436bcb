"""Every sentence is there in every language, says the same values, and is used; every code has one."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess

import pytest

from appliance.model.words import LANGUAGES as SPOKEN
from appliance.panel.box_words import PARTS
from appliance.panel.page_files import STATIC, page_file
from appliance.problems.catalogue import CATALOGUE
from tests.project import ROOT

LANGUAGES = sorted(place.name for place in (STATIC / "sentences").iterdir())
SCRIPTS = {file: file.read_text() for file in STATIC.rglob("*.js") if "sentences" not in file.parts}
# Groups whose names come from the box: which there must be is tested below, group by group.
FROM_THE_BOX = {
    "problem", "ready", "value", "cause", "hint", "source", "check", "device", "role",
    "needs", "preset", "why", "lasts", "rules", "account", "health", "grade", "facts", "row",
}  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (Debian: npm)")


def sentences(language: str) -> dict[str, str]:
    """All of a language by their names, as the page reads them: its own, and the box's."""
    files = [file.as_uri() for file in sorted((STATIC / "sentences" / language).glob("*.js"))]
    script = f"""
        const all = await Promise.all({json.dumps(files)}.map((file) => import(file)));
        console.log(JSON.stringify(all.flatMap((one) => Object.entries(one.default))));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=10
    )
    groups: list[tuple[str, dict[str, str]]] = json.loads(done.stdout)
    for part in PARTS:
        script = page_file(f"box/{language}/{part}.js").coded["identity"].decode()
        groups += json.loads(script[script.index("{") : script.rindex("}") + 1])["sentences"].items()
    found = [(f"{group}.{name}", text) for group, members in groups for name, text in members.items()]
    assert len(found) == len(dict(found)), "a sentence is there twice"
    return dict(found)


ENGLISH = sentences("en") if shutil.which("node") else {}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{([a-z0-9-]+)\}", text))


def test_there_are_two_languages_and_the_page_offers_them() -> None:
    assert LANGUAGES == sorted(SPOKEN) == ["en", "es"]
    words = (STATIC / "lib" / "words.js").read_text()
    assert set(re.findall(r"(\w\w): \"", re.findall(r"LANGUAGES = \{(.*?)\}", words)[0])) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_complete_and_says_the_same_values(language: str) -> None:
    known = sentences(language)
    assert known.keys() == ENGLISH.keys()
    wrong = [name for name, text in known.items() if placeholders(text) != placeholders(ENGLISH[name])]
    assert wrong == []
    assert [name for name, text in known.items() if not text.strip()] == []


def test_languages_differ() -> None:
    spanish = sentences("es")
    same = [name for name in ENGLISH if ENGLISH[name] == spanish[name]]
    assert len(same) < len(ENGLISH) / 12, same


def test_every_sentence_the_page_asks_for_is_there_and_none_is_left_over() -> None:
    said = {name for text in SCRIPTS.values() for name in re.findall(r'\bsay\("([^"]+)"', text)}
    assert len(said) > 150
    assert said - ENGLISH.keys() == set()
    named = {name for text in SCRIPTS.values() for name in re.findall(r'"([a-z-]+\.[a-z0-9.-]+)"', text)}
    pages = re.findall(
        r"(\w+): \"", re.findall(r"PAGES = .*?\(\{(.*?)\}\)", SCRIPTS[STATIC / "pieces" / "settings.js"], re.DOTALL)[0]
    )
    assert len(pages) > 6
    named |= {f"{page}.{word}" for page in pages for word in ("title", "said")}
    assert {name for name in named if name.endswith((".title", ".said"))} <= ENGLISH.keys()
    unused = {name for name in ENGLISH if name.partition(".")[0] not in FROM_THE_BOX} - said - named
    # Some are made of two parts, such as `phones.invite-` and the role.
    made = {name for text in SCRIPTS.values() for name in re.findall(r"`([a-z-]+\.[a-z-]*)\$\{", text)}
    assert {name for name in unused if not any(name.startswith(start) for start in made)} == set()


def test_every_problem_has_its_sentence() -> None:
    codes = {page.stem for page in (ROOT / "docs" / "problems").glob("*.md")}
    assert len(codes) > 80
    assert {code for code in codes if f"problem.{code}" not in ENGLISH} == set()


def test_the_page_says_without_the_box_that_the_box_does_not_answer() -> None:
    for language in LANGUAGES:
        assert '"page-no-answer"' in (STATIC / "sentences" / language / "first.js").read_text()


def test_whatever_mends_a_problem_has_a_button_and_no_button_is_left_over() -> None:
    fixes = dict(re.findall(r'(\w+): \{ word: "(fix\.\w+)", go: "#/', SCRIPTS[STATIC / "lib" / "fixes.js"]))
    assert len(fixes) > 5
    assert fixes.keys() == {entry.fix for entry in CATALOGUE.values() if entry.fix}


def test_every_cause_of_health_has_its_sentence() -> None:
    health = (ROOT / "appliance" / "control" / "judge" / "health.py").read_text()
    causes = set(re.findall(r'\("(?:bad|fair)", "([a-z-]+)",', health)) | {"engine-not-running"}
    assert len(causes) > 8
    assert {one for one in causes if f"cause.{one}" not in ENGLISH and f"problem.{one}" not in ENGLISH} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_the_way_to_a_live_sounds_like_a_manual(language: str) -> None:
    path = (
        "nav.",
        "live.",
        "go.",
        "row.",
        "ready.",
        "fix.",
        "paste.",
        "quick.",
        "looks.",
        "preview.",
        "practice.",
        "pair.",
    )
    heard = [
        name
        for name, text in sentences(language).items()
        if name.startswith(path) and re.search(r"RTMP|bitrate|codec|kb/s|fps", text, re.IGNORECASE)
    ]
    assert heard == []


def test_whatever_the_doctor_finds_is_said_in_every_language() -> None:
    """The box's own words are English; the page has others for a check that is wrong only by its code."""
    judge = ROOT / "appliance" / "control" / "judge"
    nodes = [
        node for name in ("doctor", "line_check") for node in ast.walk(ast.parse((judge / f"{name}.py").read_text()))
    ]
    wrong = [node for node in nodes if isinstance(node, ast.Call) and _is_wrong(node)]
    assert len(wrong) > 15
    assert [ast.unparse(node) for node in wrong if not any(one.arg == "code" for one in node.keywords)] == []
    given = [one.value for node in wrong for one in node.keywords if one.arg == "code"]
    codes = {str(value.value) for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)}
    assert len(codes) > 10
    assert {code for code in codes if f"ready.{code}" not in ENGLISH and f"problem.{code}" not in ENGLISH} == set()


def _is_wrong(call: ast.Call) -> bool:
    states = [one.value for one in call.keywords if one.arg == "state"]
    is_fine = any(isinstance(state, ast.Constant) and state.value in {"ok", "unknown"} for state in states)
    return isinstance(call.func, ast.Name) and call.func.id == "Check" and not is_fine
