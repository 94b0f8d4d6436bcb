"""Every screen, in both themes: nobody is kept out, nothing breaks the policy, and foreign texts stay texts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import axe
from tests.browser.chromium import DESKTOP, PHONE, Theme, assert_quiet, device, opened
from tests.browser.fakebox import PASSWORD, PIN, FakeBox
from tests.browser.fakestate import fresh_state
from tests.browser.screens import SCREENS, Screen, show

EVIL = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("kind", ["phone", "desktop"])
def test_nobody_is_kept_out(browser: Browser, box: FakeBox, theme: Theme, kind: str) -> None:
    found = {}
    options = PHONE if kind == "phone" else DESKTOP
    with device(browser, options, color_scheme=theme, reduced_motion="reduce") as context:
        page = opened(context, "about:blank")
        for screen in SCREENS:
            show(box, page, screen)
            if lines := axe.serious(page):
                found[screen.name] = lines
        assert_quiet(page)
    assert found == {}


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("width", [320, 390, 900, 1280])
def test_nothing_is_wider_than_the_screen_and_everything_can_be_hit(browser: Browser, box: FakeBox, width: int) -> None:
    """A thumb needs 44 pixels each way; links within a sentence are not in the way of that (there are none)."""
    small = """() => [...document.querySelectorAll('button, a, summary, input, select, textarea')]
        .filter((one) => one.checkVisibility() && !one.closest('.unseen'))
        .map((one) => [one.id || one.textContent || one.className, one.getBoundingClientRect(), one])
        .filter(([, box, one]) => box.width > 0 && !one.classList.contains('switch'))
        .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
        .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    wrong = {}
    with device(browser, {**PHONE, "viewport": {"width": width, "height": 844}}, locale="es-ES") as context:
        page = opened(context, "about:blank")
        for screen in SCREENS:
            if screen.name in {"clips-qr", "phones", "help"}:
                continue  # they are reached by English words
            show(box, page, screen)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0 or page.evaluate(small):
                wrong[screen.name] = (wide, page.evaluate(small))
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_foreign_texts_stay_texts(phone: BrowserContext, box: FakeBox) -> None:
    state = fresh_state()
    evil = {"code": "no-such-code", "text": EVIL, "hints": [EVIL], "facts": {"destination": EVIL}}
    state.update(
        name=EVIL, title=EVIL, problems=[evil], recordings=[{**state["recordings"][0], "name": f"{EVIL}.mp4"}],
        devices=[{"node": EVIL, "card": EVIL, "kind": EVIL, "in-use": True, "inputs": [EVIL, EVIL]}],
        sounds=[{"name": EVIL, "text": EVIL}], disks=[{"name": EVIL, "label": EVIL, "free-mb": 1, "path": EVIL}],
        destinations=[{
            **state["destinations"][0], "name": EVIL, "preset": EVIL, "host": EVIL, "key-last4": EVIL, "problem": evil,
        }],
        readiness=[{"name": "game", "state": "bad", "text": EVIL, "code": EVIL}],
        update={"version": EVIL}, signal={**state["signal"], "mode": EVIL},
        uplink={"state": "ok", "kbps": 1, "at": 0, "advice": {"text": EVIL, "preset": EVIL, "size": EVIL, "fps": 1}},
    )  # fmt: skip
    box.settings = [
        {**one, "value": EVIL, "default": EVIL, "source": EVIL, "path": f"x.{EVIL}", "choices": [EVIL]}
        for one in box.settings
    ]
    box.sessions = [{**one, "name": EVIL, "role": EVIL} for one in box.sessions]
    page = opened(phone, "about:blank")
    seen = 0
    for screen in SCREENS:
        if screen.name in {"pairing", "clips-qr", "phones", "help"} or (screen.path == "/" and screen.name != "home"):
            continue
        plain = Screen(screen.name, screen.path, "#screen > *", lambda fake: fake.change(**state))
        show(box, page, plain)
        page.wait_for_selector(".box-name:has-text('onerror')")
        seen += page.locator("body").inner_text().count("onerror")
        assert page.locator("img[src='x'], #app script").count() == 0
        assert "taken" not in page.title()
    assert seen > 20
    assert_quiet(page)


@pytest.mark.timeout(30)
def test_the_pin_or_the_password_lets_a_phone_in(phone: BrowserContext) -> None:
    with FakeBox(open_to_all=False) as box:
        page = opened(phone, box.url)
        page.fill("#pin", "1111 2222")
        page.wait_for_selector(".reply:has-text('not the PIN')")
        page.fill("#pin", PIN)
        page.wait_for_selector("#app:not([hidden])")
        phone.clear_cookies()
        page.reload()
        page.click("summary")
        page.fill("#login", PASSWORD)
        page.press("#login", "Enter")
        page.wait_for_selector("#app:not([hidden])")
        assert_quiet(page)


def test_the_link_works_once_and_leaves_the_address(phone: BrowserContext, browser: Browser) -> None:
    with FakeBox(open_to_all=False) as box:
        page = opened(phone, box.link)
        page.wait_for_selector("#app:not([hidden])")
        assert "#" not in page.url
        page.goto("about:blank")
        page.go_back()
        assert "token" not in page.url
        with device(browser) as other:
            second = opened(other, box.link)
            second.wait_for_selector("#door .reply:has-text('used already')")


def test_what_a_box_does_not_offer_leaves_no_trace(phone: BrowserContext, box: FakeBox) -> None:
    """As an older version of the box, which has only State, commands, the preview and recordings."""
    for name in ("cover", "look", "devices", "sounds", "disks", "clock", "uplink", "export", "access"):
        del box.state[name]
    del box.state["audio"]["sources"]
    del box.state["destinations"][0]["preset"]
    asks = ("feed", "settings", "sessions", "doctor", "logs", "bundle", "qr.svg", "whoami", "preview.mp4", "looks")
    box.missing = {f"/api/{name}" for name in asks}
    page = opened(phone, box.url)
    page.wait_for_selector(".screen img:not([hidden])")
    box.state["live"] = {"type": "on-air", "since-at": 1.0}
    page.wait_for_selector("plug-facts:not([hidden])")
    assert page.locator("plug-ways a:visible").all_inner_texts() == ["Home", "Sound", "Clips", "Settings"]
    assert page.locator(".tile:visible").all_inner_texts() == ["Clip 30 s"]
    page.goto(f"{box.url}/#/settings")
    page.wait_for_selector(".menu")
    box.until(lambda fake: fake.hits.get("/api/sessions", 0) > 0)
    assert page.locator(".menu li:visible strong").all_inner_texts() == [
        "Check-up",
        "Where you go LIVE",
        "Language and clock",
        "Help and numbers",
    ]
    assert_quiet(page)
