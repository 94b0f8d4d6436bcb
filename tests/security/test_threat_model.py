"""The page that says who might come and what stops them: each row names what attacks it, each attack has its row."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "security.md").read_text()
NOTHING_STOPS = "who stands at the box"


def test_every_attack_is_in_the_threat_model() -> None:
    named = set(re.findall(r"test_\w+", PAGE))
    assert {file.stem for file in HERE.glob("test_*.py")} - {Path(__file__).stem} <= named


def test_every_claim_of_the_threat_model_is_attacked() -> None:
    table = PAGE.partition("| who | may do at worst |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert len(rows) > 10
    assert {row[0] for row in rows if not re.search(r"test_|tests/", row[-1])} == {NOTHING_STOPS}
