"""Every code that a person can meet has its page in docs/problems, and no page is left over."""

from __future__ import annotations

import pytest

from tests.problems.raised import every_raise
from tests.project import ROOT

PAGES = ROOT / "docs" / "problems"
CODES = {one.code for one in every_raise()}


def test_the_search_finds_the_codes_it_should() -> None:
    assert {"config", "needs-key", "no-cable", "wrong-host", "engine-not-running", "server-silent"} <= CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_has_its_page(code: str) -> None:
    page = PAGES / f"{code}.md"
    assert page.is_file(), f"docs/problems/{code}.md is missing"
    title, _, rest = page.read_text().partition("\n")
    assert title.startswith("# ")
    assert title.endswith(f" (`{code}`)")
    assert "## What to do\n" in rest


def test_no_page_is_left_over() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} - CODES == set()
