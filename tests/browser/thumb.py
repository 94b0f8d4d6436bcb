"""A thumb on the page: what it holds, pastes and has done."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.fakebox import FakeBox

HOLD_MS = 800


def press(page: Page) -> None:
    """Puts a thumb on the button and leaves it there."""
    page.locator("#go").hover()
    page.mouse.down()
    page.wait_for_selector("#go.held")


def hold(page: Page, *, until: str) -> None:
    """A thumb on the button for as long as it takes, and until something is there. Time must stand still."""
    press(page)
    page.clock.run_for(HOLD_MS)
    page.wait_for_selector(until)
    page.mouse.up()


def names(box: FakeBox) -> list[str]:
    return [command["do"] for command in box.commands]


def paste(page: Page, text: str) -> None:
    """Pastes into the field that has the focus, as a phone does: the text and the event."""
    page.wait_for_selector("textarea:focus")
    page.evaluate(
        """text => { const one = document.activeElement; one.value = text;
        one.dispatchEvent(new ClipboardEvent("paste", { bubbles: true })); }""",
        text,
    )


def hold_in_real_time(page: Page, *, until: str) -> None:
    """A thumb on the button until something is there."""
    page.locator("#go").hover()
    page.mouse.down()
    page.wait_for_selector(until)
    page.mouse.up()
