"""How long a phone on a slow line waits: until something is painted, and until the big button can be used.

`python -m benchmarks.slow_phone`. The lines are Chromium's own presets (DevTools: "Fast 3G" and "Slow 3G", which makes
each answer wait for 2 s), and one as slow with the round trip of WebPageTest's slow 3G. The box is the tests' fake one,
with the real page.
"""

from __future__ import annotations

import os
import statistics
import sys
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from tests.browser.chromium import browsing, device, opened
from tests.browser.fakebox import FakeBox
from tests.browser.screens import ready

ROUNDS = 3


@dataclass(frozen=True)
class Line:
    """Bytes a second each way, and how long each answer is on its way."""

    name: str
    down: int
    up: int
    latency_ms: float


LINES = (
    Line("no limit", -1, -1, 0),
    Line("Fast 3G", 180_000, 84_375, 562.5),
    Line("Slow 3G", 50_000, 50_000, 2000),
    Line("3G, 400 ms", 50_000, 50_000, 400),
)


def waits(browser: Browser, box: FakeBox, line: Line, *, is_known: bool) -> tuple[float, float]:
    """Milliseconds to the first paint, and to a button that can be held; `is_known`: on a second visit."""
    with device(browser) as context:
        page = opened(context, box.url if is_known else "about:blank")
        if is_known:
            page.wait_for_selector("#go.does-go")
            page.goto("about:blank")
        page.context.new_cdp_session(page).send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": line.latency_ms,
                "downloadThroughput": line.down,
                "uploadThroughput": line.up,
            },
        )
        page.goto(box.url, wait_until="commit")
        return _read(page)


def _read(page: Page) -> tuple[float, float]:
    usable: float = page.evaluate("""() => new Promise((done) => {
        const look = () => document.querySelector('#go.does-go:not([aria-disabled=true])')
            ? done(performance.now()) : requestAnimationFrame(look);
        look();
    })""")
    painted: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime || 0")
    return painted, usable


def main() -> int:
    """Prints a table."""
    with browsing() as browser, FakeBox() as box:
        ready(box)
        waits(browser, box, LINES[0], is_known=False)  # whoever comes first pays for what is made once
        print("| line | visit | first paint | button usable |\n|---|---|---|---|")
        for line in LINES:
            for is_known in (False, True):
                found = [waits(browser, box, line, is_known=is_known) for _ in range(ROUNDS)]
                painted, usable = (statistics.median(times) / 1000 for times in zip(*found, strict=True))
                visit = "again" if is_known else "first"
                print(f"| {line.name} | {visit} | {painted:.1f} s | {usable:.1f} s |", flush=True)
    print(f"\nLoad of the machine: {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
