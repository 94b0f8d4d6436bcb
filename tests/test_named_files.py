"""Our pages name files; each of them is there, so that who reads can go and look."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.project import ROOT

PAGES = sorted([ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")])
NAMED = re.compile(r"`((?:[\w.,{}-]+/)*[\w{},-]+\.(?:py|js))`|`((?:appliance|tests|docs|benchmarks)/[\w./{},-]+)`")


def files() -> set[str]:
    """Every file of the project and every folder, by its path."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    return {part for name in listed for part in (name, *(str(above) for above in Path(name).parents))}


def spread(name: str) -> list[str]:
    """`a/{b,c}.py` is two names."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", name)
    return [found[1] + one + found[3] for one in found[2].split(",")] if found else [name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    there = files()
    ours = {
        name for found in NAMED.findall(page.read_text()) for one in found if one for name in spread(one.rstrip("/"))
    }
    ours = {name for name in ours if not re.search(r"[A-Z]{3}", name)}  # CODE.md: whatever the reader makes
    assert {name for name in ours if not any(f"/{known}".endswith(f"/{name}") for known in there)} == set()
