"""Every code that the capture room can tell has a page for owners."""

from __future__ import annotations

import pytest

from appliance.engine.inputs import alsa
from appliance.engine.v4l2 import trouble
from tests.project import ROOT

PAGES = ROOT / "docs" / "problems"
CODES = {reason.code for reason in vars(trouble).values() if isinstance(reason, trouble.Reason)} | set(alsa.SENTENCES)


@pytest.mark.parametrize("code", sorted(CODES | {"bad-edid"}))
def test_a_code_has_a_page_that_says_what_to_do(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text()
    assert page.startswith("# ")
    assert f"(`{code}`)" in page
    assert "## What to do\n\n- " in page
