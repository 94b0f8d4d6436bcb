"""Every screen, in both themes: nobody is kept out, nothing breaks the policy, and foreign texts stay texts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser import axe
from tests.browser.chromium import PHONE, Theme, assert_quiet, device, opened, resize
from tests.browser.fakebox import PASSWORD, PIN, FakeBox
from tests.browser.fakestate import fresh_state
from tests.browser.screens import SCREENS, Screen, show

EVIL = '<img src=x onerror="window.taken=1"><script>window.taken=1</script>'


# A thumb needs 44 pixels each way; links within a sentence are not in the way of that (there are none).
SMALL = """() => [...document.querySelectorAll('button, a, summary, input, select, textarea')]
    .filter((one) => one.checkVisibility() && !one.closest('.unseen'))
    .map((one) => [one.id || one.textContent || one.className, one.getBoundingClientRect(), one])
    .filter(([, box, one]) => box.width > 0 && !one.classList.contains('switch'))
    .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
    .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
WIDE = "document.documentElement.scrollWidth > innerWidth ? [`it is ${document.documentElement.scrollWidth} wide`] : []"
ENGLISH = {"the", "your", "you", "with", "and", "not", "it"}
IN_SPANISH = {"doctor", "destinations", "home", "home-live", "home-new-key", "sound", "looks"}
"""Checks, problems with hints, rows and platforms, which the box tells in English."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_long", [False, pytest.param(True, marks=pytest.mark.long)])
def test_every_screen_fits_and_keeps_nobody_out(browser: Browser, box: FakeBox, *, is_long: bool) -> None:
    """In Spanish, whose words are longer. By axe, by a thumb on the narrowest phone, and without a word of English."""
    widths = (320, 390, 900, 1280) if is_long else (320,)
    themes: tuple[Theme, ...] = ("light", "dark") if is_long else ("dark",)
    found: dict[str, list[str]] = {}
    with device(browser, PHONE, locale="es-ES") as context:
        page = opened(context, "about:blank")
        for screen in SCREENS:
            show(box, page, screen)
            wrong = found.setdefault(screen.name, [])
            words = set(page.locator("body").inner_text().lower().split())
            if screen.name in IN_SPANISH:
                wrong += sorted(words & ENGLISH)
            for width in (390, 1280) if is_long else (390,):
                resize(page, width, 844)
                for theme in themes:
                    page.emulate_media(color_scheme=theme)
                    wrong += axe.serious(page)
            for width in widths:
                resize(page, width, 844)
                wrong += page.evaluate(WIDE) + page.evaluate(SMALL)
        assert_quiet(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.slow
@pytest.mark.timeout(300)
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
        account={"name": EVIL, "since": 1},
    )  # fmt: skip
    box.settings = [
        {**one, "value": EVIL, "default": EVIL, "source": EVIL, "path": f"x.{EVIL}", "choices": [EVIL]}
        for one in box.settings
    ]
    box.sessions = [{**one, "name": EVIL, "role": EVIL} for one in box.sessions]
    page = opened(phone, "about:blank")
    seen = 0
    for screen in SCREENS:
        if screen.name in {"pairing", "clips-qr", "phones", "help", "account", "monitor"} or (
            screen.path == "/" and screen.name != "home"
        ):
            continue
        plain = Screen(screen.name, screen.path, "#screen > *", lambda fake: fake.change(**state))
        show(box, page, plain)
        page.wait_for_selector(".box-name:has-text('onerror')")
        seen += page.locator("body").inner_text().count("onerror")
        assert page.locator("img[src='x'], #app script").count() == 0
        assert page.evaluate("window.taken") is None
    assert seen > 20
    assert_quiet(page)


@pytest.mark.timeout(300)
def test_the_pin_or_the_password_lets_a_phone_in(phone: BrowserContext, box: FakeBox) -> None:
    box.is_open = False
    page = opened(phone, box.url)
    page.fill("#pin", "1111 2222")
    page.wait_for_selector(".reply:has-text('not the PIN')")
    page.fill("#pin", PIN)
    page.wait_for_selector("#app:not([hidden])")
    phone.clear_cookies()
    page.reload()
    page.click("#door summary")
    page.fill("#login", PASSWORD)
    page.press("#login", "Enter")
    page.wait_for_selector("#app:not([hidden])")
    assert_quiet(page)


def test_the_link_works_once_and_leaves_the_address(
    phone: BrowserContext, own_phone: BrowserContext, box: FakeBox
) -> None:
    box.is_open = False
    page = opened(phone, box.link)
    page.wait_for_selector("#app:not([hidden])")
    assert "#" not in page.url
    page.goto("about:blank")
    page.go_back()
    assert "token" not in page.url
    second = opened(own_phone, box.link)
    second.wait_for_selector("#door .reply:has-text('used already')")


def test_signing_in_with_tiktok_is_there_only_with_a_client_key(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/settings/destinations")
    card = page.locator("plug-account")
    expect(card).to_contain_text("It starts no LIVE and brings no key.")
    card.get_by_role("button").filter(visible=True).tap()
    expect(card.locator("img")).to_have_count(1)
    expect(card).to_contain_text("Scan it with the TikTok app.")
    box.change(account={"name": "Maya", "avatar-host": "", "since": 1.0})
    expect(card).to_contain_text("Signed in as Maya.")
    expect(card.locator("img")).to_have_count(0)
    card.get_by_role("button").filter(visible=True).tap()
    expect(card).not_to_contain_text("Maya")
    assert box.state["account"] is None
    box.settings = [one for one in box.settings if not one["path"].startswith("sign-in.")]
    page.reload()
    page.wait_for_selector(".switch")
    expect(card).to_be_hidden()
    assert_quiet(page)
