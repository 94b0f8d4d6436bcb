"""Every screen, in both themes: nobody is kept out, nothing breaks the policy, and foreign texts stay texts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser import axe
from tests.browser.chromium import DESKTOP, PHONE, Theme, assert_quiet, device, opened
from tests.browser.fakebox import PASSWORD, PIN, FakeBox
from tests.browser.fakestate import fresh_state
from tests.browser.screens import SCREENS, Screen, show

EVIL = '<img src=x onerror="window.taken=1"><script>window.taken=1</script>'


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "theme"),
    [
        ("phone", "dark"),
        pytest.param("phone", "light", marks=pytest.mark.long),
        pytest.param("desktop", "dark", marks=pytest.mark.long),
        pytest.param("desktop", "light", marks=pytest.mark.long),
    ],
)
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
@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [320, *(pytest.param(width, marks=pytest.mark.long) for width in (390, 900, 1280))])
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
            if screen.name in {"clips-qr", "phones", "help", "account"}:
                continue  # they are reached by English words
            show(box, page, screen)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0 or page.evaluate(small):
                wrong[screen.name] = (wide, page.evaluate(small))
    assert wrong == {}


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
        if screen.name in {"pairing", "clips-qr", "phones", "help", "account"} or (
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
def test_the_pin_or_the_password_lets_a_phone_in(phone: BrowserContext) -> None:
    with FakeBox(open_to_all=False) as box:
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


@pytest.mark.timeout(300)
def test_a_spanish_page_says_nothing_in_english(browser: Browser, box: FakeBox) -> None:
    """All twelve checks, problems with hints, rows and platforms, which the box tells in English."""
    with device(browser, locale="es-ES") as context:
        page = opened(context, "about:blank")
        for screen in SCREENS:
            if screen.name in {"doctor", "destinations", "home", "home-live", "home-new-key", "sound", "looks"}:
                show(box, page, screen)
                page.wait_for_selector(".row, #screen *", state="attached")
                words = set(page.locator("body").inner_text().lower().split())
                assert words & {"the", "your", "you", "with", "and", "not", "it"} == set(), screen.name
