"""axe-core in a page: what it finds there that would keep somebody out."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser import npm

# How large targets are is measured in `test_screens.py`, more strictly and without what a bar happens to lie over.
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"target-size": {"enabled": False}},
}


def serious(page: Page) -> list[str]:
    """Every serious or critical finding in one line. The script goes in past the page's policy, which stays."""
    script = (npm.installed("axe-core") / "axe.min.js").read_text()
    page.evaluate("window.axe !== undefined") or page.evaluate(script)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
