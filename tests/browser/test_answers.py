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


def test_an_answer_with_something_left_to_do_can_be_read(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/key")
    box.hint = "no-server"
    page.fill("#paste-tiktok", "abcdefgh")
    page.locator("plug-paste button[type=submit]").tap()
    expect(page.locator("plug-paste .reply")).to_contain_text("Now paste the server URL too.")
    box.hint = ""
    page.fill("#paste-tiktok", "abcdefgh")
    page.locator("plug-paste button[type=submit]").tap()
    expect(page.locator("plug-key")).to_have_count(0)
    assert_quiet(page)


def test_a_backup_shows_what_it_changes_and_asks(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/settings/backup")
    for text, said in ((b'[picture]\nlook = "fill"\n', "This would change (2):"), (b"", "no setting of this box")):
        page.set_input_files(
            "#restore-file", {"name": "plugcast-settings.toml", "mimeType": "text/plain", "buffer": text}
        )
        page.get_by_role("button", name="See what would change").tap()
        card = page.locator("section.card", has=page.locator("#restore-file"))
        expect(card.locator(".reply")).to_contain_text(said)
        expect(card.locator(".changes li")).to_have_text(["Look: Blur → Fill", "Language: en → es"])
    assert [one.get("trial") for one in box.commands] == [True, True]
    sure = card.locator("button.danger")
    sure.tap()
    sure.tap()
    expect(card.locator(".reply")).to_have_text("Your settings are back.")
    assert box.commands[2:] == [{"do": "restore-settings", "text": "", "sure": True}], "the first tap only asks"
    line = "backup: line 3, column 7: no such thing"
    box.refusals["restore-settings"] = {"status": 422, "code": "config", "text": line}
    page.get_by_role("button", name="See what would change").tap()
    expect(card.locator(".reply")).to_have_text(line)
    assert_quiet(page)


def test_clips_that_are_off_say_so_and_a_removed_phone_is_told(phone: BrowserContext, box: FakeBox) -> None:
    box.is_open = False
    box.settings = [*box.settings, {**box.settings[0], "path": "replay.seconds", "value": 0, "default": 60}]
    page = opened(phone, box.link)
    page.wait_for_selector("#app:not([hidden])")
    page.evaluate("location.hash = '#/clips'")
    expect(page.locator("plug-clips")).to_contain_text("Clips are off")
    expect(page.get_by_role("button", name="Clip 30 s").filter(visible=True)).to_have_count(0)
    assert page.locator("#door .reply").count() == 0
    phone.clear_cookies()
    page.reload()
    expect(page.locator("#door .reply")).to_contain_text("was removed from the box")
    assert_quiet(page)
