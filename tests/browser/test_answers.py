"""What the page says to what people give it: exactly what is wrong, and the one thing to do about it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browser.chromium import assert_quiet, opened
from tests.browser.fakebox import FakeBox


def test_a_key_of_another_platform_is_put_there_by_one_tap(phone: BrowserContext, box: FakeBox) -> None:
    facts = {"platform": "twitch", "title": "Twitch", "here": "TikTok", "destination": "twitch"}
    box.refusals["paste-key"] = {"status": 422, "code": "paste-elsewhere", "facts": facts}
    page = opened(phone, f"{box.url}/#/key")
    page.fill("#paste-tiktok", "live_123456_abcdefgh")
    paste = page.locator("plug-paste")
    paste.locator("button[type=submit]").tap()
    expect(paste.locator(".reply")).to_have_text("This is for Twitch, not for TikTok.")
    box.refusals.clear()
    paste.get_by_role("button", name="Put it with Twitch").tap()
    expect(paste.locator(".reply")).to_contain_text("It is with Twitch now")
    expect(paste.get_by_role("button", name="Put it with Twitch")).to_be_hidden()
    assert box.commands[1:] == [
        {"do": "set-destination", "name": "twitch", "preset": "twitch"},
        {"do": "paste-key", "text": "live_123456_abcdefgh", "destination": "twitch"},
    ]
    assert page.input_value("#paste-tiktok") == ""
    box.refusals["paste-key"] = {"status": 422, "code": "paste", "facts": {"found": "torn"}}
    page.fill("#paste-tiktok", "stream-123 4567")
    paste.locator("button[type=submit]").tap()
    expect(paste.locator(".reply")).to_contain_text("A space or a line break stands within the key")
    assert_quiet(page)
