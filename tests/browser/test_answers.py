"""What the page says to what people give it: exactly what is wrong, and the one thing to do about it."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.chromium import assert_quiet, device, opened, resize
from tests.browser.fakebox import FakeBox
from tests.browser.screens import live


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


def test_a_setting_that_cannot_be_says_its_rule_and_one_that_waits_says_until_when(
    phone: BrowserContext, box: FakeBox
) -> None:
    page = opened(phone, f"{box.url}/#/settings/every")
    page.evaluate("localStorage.setItem('plugcast-language', 'es')")
    page.reload()
    row = page.locator(".setting", has=page.locator("#set-encoder-bitrate-kbps"))
    old = row.locator("input").input_value()
    for wrong in ("499", "20001", "600.5", "5-"):
        row.locator("input").press("ControlOrMeta+a")
        row.locator("input").press_sequentially(wrong)
        row.locator("input").press("Tab")
        expect(row.locator(".reply")).to_have_text("Un número entero de 500 a 20000. Queda el de antes.")
        expect(row.locator("input")).to_have_value(old)  # what is in use, each time
        row.locator(".reply").evaluate("one => { one.textContent = ''; }")
    assert box.commands == []
    row.locator("input").fill("500")
    row.locator("input").press("Tab")
    expect(row.locator(".reply")).to_have_text("Guardado. (vale desde el próximo LIVE)")
    assert [one["value"] for one in box.commands] == [500]
    assert_quiet(page)


def test_recordings_stand_by_evening_and_a_game_after_midnight_belongs_to_the_one_before(
    browser: Browser, box: FakeBox
) -> None:
    one = {**box.state["recordings"][0], "kind": "recording"}
    times = {"late": 1_784_073_600, "early": 1_784_080_800, "next": 1_784_134_800}  # 00:00, 02:00 and 17:00 UTC
    box.change(recordings=[{**one, "name": f"{name}.mp4", "at": at} for name, at in times.items()])
    with device(browser, timezone_id="UTC") as context:
        page = opened(context, f"{box.url}/#/clips")
        expect(page.locator(".clip")).to_have_count(3)
        shown = page.evaluate(
            "[...document.querySelectorAll('.clips > li')].map((one) => one.dataset.name || 'evening')"
        )
        assert shown == ["evening", "next.mp4", "evening", "early.mp4", "late.mp4"]
        assert_quiet(page)


def test_viewers_are_offered_only_what_they_may_do(phone: BrowserContext, box: FakeBox) -> None:
    box.role = "viewer"
    live(box)
    page = opened(phone, box.url)
    page.wait_for_selector("body.viewer")
    for way, there in (
        ("#/clips", ".clip a"), ("#/sound", "[role=meter]"), ("#/looks", ".look:disabled"), ("#/settings", ".menu a"),
        ("#/settings/basics", "#page-language"),
    ):  # fmt: skip
        page.evaluate("way => { location.hash = way; }", way)
        page.wait_for_selector(there)
        offered = page.locator("#bar button, .danger, .gain, div.setting, plug-clips > .buttons, plug-sound button")
        expect(offered.filter(visible=True)).to_have_count(0)
        if way == "#/settings":
            expect(page.locator(".menu a").filter(visible=True)).to_have_count(4)
    # Away from here they may go: the one button that there is.
    page.evaluate("location.hash = '#/settings/phones'")
    leave = page.locator("plug-phones button").filter(visible=True)
    expect(leave).to_have_text("Log out")
    for _ in range(2):
        leave.tap()
    expect(page.locator("plug-phones li")).to_have_count(0)
    assert box.commands == []
    assert_quiet(page)


def test_sound_speaks_of_a_microphone_only_where_one_was_chosen(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/sound")
    expect(page.locator(".source-mic")).to_be_visible()
    for one in box.settings:
        if one["path"] == "audio.microphone":
            one["value"] = "none"
    page.reload()
    page.wait_for_selector(".no-mic", state="attached")
    expect(page.locator(".source-mic")).to_be_hidden()
    expect(page.locator(".source-game")).to_be_visible()


def test_what_a_viewer_saw_goes_with_the_live(phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    box.change(demo={"viewer": True})
    page = opened(phone, box.url)
    expect(page.locator("figcaption")).to_be_visible()
    box.change(live={"type": "off"})
    expect(page.locator("figcaption")).to_be_hidden()


SHEET = """() => {
    window.shared = [];
    let isLate = true;
    navigator.canShare = ({ files }) => files.length === 1;
    navigator.share = async ({ files: [file] }) => {
        if (isLate) { isLate = false; throw new DOMException("too late", "NotAllowedError"); }
        window.shared.push(file.name);
    };
}"""


def test_a_clip_goes_to_the_phones_own_apps_also_when_it_took_long_to_come(phone: BrowserContext, box: FakeBox) -> None:
    """With a FAKE of the sheet that phones have, which opens at a fresh press alone."""
    page = opened(phone, "about:blank")
    page.add_init_script(f"({SHEET})()")
    page.goto(f"{box.url}/#/clips")
    name = box.state["recordings"][1]["name"]
    share = page.locator(f"li[data-name='{name}']").get_by_role("button", name="Share")
    share.tap()
    expect(share).to_have_text("Share now")
    share.tap()
    expect(share).to_have_text("Share")
    assert page.evaluate("window.shared") == [name]
    assert box.hits[f"/api/recordings/{name}"] == 1
    assert_quiet(page)


def test_a_box_that_is_away_is_said_on_every_screen(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/clips")
    page.wait_for_selector(".clip")
    resize(page, 844, 390)
    box.stop()
    expect(page.locator("#silence").filter(visible=True)).to_contain_text("No answer from the box")
    page.tap("plug-ways a[href='#/']")
    expect(page.locator("#silence")).to_be_hidden()  # there it stands on the picture
    expect(page.locator(".status")).to_contain_text("No answer from the box")
    box.restart()
    resize(page, 390, 844)
    assert_quiet(page)


def test_a_look_with_a_place_for_a_camera_says_when_there_is_none(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/looks")
    expect(page.locator(".look-split")).to_contain_text("No camera is chosen")
    expect(page.locator(".look-blur")).not_to_contain_text("No camera")
    for one in box.settings:
        if one["path"] == "facecam.device":
            one["value"] = "/dev/video2"
    with page.expect_response("**/api/settings?*"):
        page.reload()
    page.wait_for_selector(".look-split img:not([hidden])")
    expect(page.locator(".look-note")).to_be_hidden()
