"""Debian's Chromium, driven by Playwright: the browser, and phones and desktops in it."""

from __future__ import annotations

import shutil
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "reduced_motion": "reduce",
}  # fmt: skip
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PATIENCE_MS = 60_000
"""How long to wait for what must happen, on a machine that has other things to do, too. Nothing takes this long."""
expect.set_options(timeout=PATIENCE_MS)

_STILL: weakref.WeakSet[BrowserContext] = weakref.WeakSet()

type Theme = Literal["dark", "light"]


def missing() -> str:
    """What this machine lacks, in words; empty when nothing."""
    return "" if shutil.which("chromium") else "chromium is not installed (Debian: chromium)"


@contextmanager
def browsing() -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def device(browser: Browser, kind: dict[str, Any] = PHONE, **more: Any) -> Iterator[BrowserContext]:
    """A phone or a desktop with nothing kept from before."""
    context = browser.new_context(**{"color_scheme": "dark", "locale": "en-US", **kind, **more})
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context
    finally:
        context.close()


def opened(context: BrowserContext, url: str) -> Page:
    """A page that must not complain: an error on it fails the test at `assert_quiet`."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
    )
    page.complaints = complaints  # type: ignore[attr-defined] # kept with the page it belongs to
    page.goto(url)
    return page


def stand_still(context: BrowserContext) -> None:
    """Time on its pages stands still, from before they are opened; `page.clock.run_for` moves it.

    What a page does after so long then happens when the test says so, however slow the machine is. What the page asks
    the box for is not of time and goes on.
    """
    if context not in _STILL:
        context.clock.install(time=time.time())
        _STILL.add(context)
    context.clock.pause_at(time.time() + 1)


def pass_time(page: Page, ms: int) -> None:
    """Lets the page's own timers run for so long, at once. The clock must be installed."""
    page.clock.run_for(ms)
    page.evaluate("new Promise((done) => { requestAnimationFrame(done); })")


def resize(page: Page, width: int, height: int) -> None:
    """Another size, as a phone that is turned; it is there when the page has drawn itself for it."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(
        "([width, height]) => innerWidth === width && innerHeight === height && new Promise(requestAnimationFrame)",
        arg=[width, height],
    )


def assert_quiet(page: Page) -> None:
    """That no script failed and nothing broke the content security policy."""
    assert page.complaints == []  # type: ignore[attr-defined]
