"""The first evening of somebody who hears the page: pressed is what the accessibility tree announces, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.chromium import assert_quiet, opened
from tests.browser.fakebox import FakeBox
from tests.browser.screens import live
from tests.browser.thumb import names

LOOKS = 200


@dataclass(frozen=True)
class Announced:
    """One thing as a screen reader says it."""

    role: str
    name: str
    is_pressed: bool
    is_disabled: bool
    node: int


class ScreenReader:
    """Knows of a page its accessibility tree alone, and presses by the default action, where no pointer is."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._cdp = page.context.new_cdp_session(page)

    def all(self) -> list[Announced]:
        """Everything that is announced, in order."""
        nodes: list[dict[str, Any]] = self._cdp.send("Accessibility.getFullAXTree")["nodes"]
        return [self._announced(node) for node in nodes if not node["ignored"] and "backendDOMNodeId" in node]

    def find(self, role: str, name: str, *, is_pressed: bool = False) -> Announced:
        """The one that can be used, has this role and a name that begins so; waits for the page to come to it."""
        told: list[Announced] = []
        for _ in range(LOOKS):
            told = self.all()
            for one in told:
                if (one.role, one.is_pressed, one.is_disabled) == (role, is_pressed, False) and one.name.startswith(
                    name
                ):
                    return one
        said = sorted({f"{one.role} {one.name!r}" for one in told if one.name})
        raise AssertionError(f"no {role} called {name!r}; there is {said}")

    def press(self, role: str, name: str, *, is_pressed: bool = False) -> None:
        """What "double-tap to activate" does."""
        self._on(self.find(role, name, is_pressed=is_pressed), "function () { this.focus(); this.click(); }")

    def write(self, name: str, text: str) -> None:
        """Into a text field, which has the focus then."""
        self._on(self.find("textbox", name), "function () { this.focus(); }")
        self._page.keyboard.insert_text(text)

    def _on(self, one: Announced, does: str) -> None:
        found = self._cdp.send("DOM.resolveNode", {"backendNodeId": one.node})["object"]["objectId"]
        self._cdp.send("Runtime.callFunctionOn", {"objectId": found, "functionDeclaration": does})

    @staticmethod
    def _announced(node: dict[str, Any]) -> Announced:
        known = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        return Announced(
            role=node["role"]["value"],
            name=node.get("name", {}).get("value", ""),
            is_pressed=known.get("pressed") in {True, "true"},
            is_disabled=bool(known.get("disabled")),
            node=node["backendDOMNodeId"],
        )


def test_the_first_evening_by_what_is_announced_alone(still_phone: BrowserContext, box: FakeBox) -> None:
    box.is_open = False
    page = opened(still_phone, box.link)
    reader = ScreenReader(page)
    reader.press("button", "Paste today's key")
    reader.write("Copy the server URL and the stream key there", "rtmp://push.example/live/ stream-1?expire=1")
    reader.press("button", "Use this key")
    reader.press("button", "Ready Hold to go LIVE")
    again = reader.find("button", "Ready Press again to go LIVE")
    page.clock.run_for(400)
    assert again.name
    reader.press("button", "Ready Press again to go LIVE")
    live(box)
    reader.find("StaticText", "LIVE")
    reader.press("button", "Privacy")
    reader.find("button", "Privacy", is_pressed=True)
    for screen in ("Settings", "Home"):
        reader.press("link", screen)
        reader.find("button", "Privacy", is_pressed=True)
    reader.press("button", "Hold to end")
    page.clock.run_for(400)
    reader.press("button", "Press again to end")
    reader.find("button", "Tap to stay LIVE")
    assert names(box) == ["paste-key", "go-live", "privacy", "end-live"]
    assert_quiet(page)
