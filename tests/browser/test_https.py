"""HTTPS in a real browser, which warns of the box's certificate: the page that explains it, and the way over."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from appliance.access import guard as access_room
from appliance.access import safe_way
from tests.browser.chromium import CHROMIUM, FLAGS, PHONE, assert_quiet, device, missing, opened
from tests.security.house import House, visit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(missing()), reason="chromium is not installed"),
]
NAME = "box.lan"
"""A name, because a browser takes the machine itself for safe without HTTPS."""
GO = {"en-US": "Go on to the secure page", "es-ES": "Ir a la página segura"}
PASSWORD = "a few words in a row"


@pytest.fixture
def place(no_browser: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """For a box whose visitors are at home with it."""
    del no_browser
    at_home = (("192.168.1.7", 5), ("192.168.1.2", 80))
    for room in (safe_way, access_room):
        monkeypatch.setattr(room, "ends_of", lambda _request: at_home)
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        yield Path(name)


def driven(place: Path, drive: Callable[[House, Browser], None], *, https_only: bool) -> None:
    """The real panel, and in a thread of its own a real browser that finds it by its name."""

    def browse(house: House) -> None:
        flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            try:
                drive(house, browser)
            finally:
                browser.close()

    async def test(house: House) -> None:
        await asyncio.to_thread(browse, house)

    visit(place, test, names=(NAME,), tls=True, https_only=https_only, within_s=110)


def is_within_the_screen(page: Page) -> bool:
    width = page.viewport_size["width"]  # type: ignore[index]
    wide = "() => Math.max(...[...document.querySelectorAll('body *')].map((one) => one.getBoundingClientRect().right))"
    return bool(page.evaluate(wide) <= width + 0.5)


@pytest.mark.parametrize("locale", [pytest.param("en-US", marks=pytest.mark.long), "es-ES"])
def test_the_page_explains_the_warning_and_the_link_still_pairs(place: Path, locale: str) -> None:
    def drive(house: House, browser: Browser) -> None:
        address = f"http://{NAME}:{house.port}/#{house.files.new_link(1.0)}"
        # With the text twice as large as usual, too.
        for width, scale in ((390, 2), (195, 4)):
            small = {**PHONE, "viewport": {"width": width, "height": 844}, "device_scale_factor": scale}
            with device(browser, small, locale=locale) as phone:
                page = opened(phone, address)
                go = page.get_by_role("link", name=GO[locale])
                expect(go).to_be_visible()
                assert is_within_the_screen(page)
                page.locator("summary").click()
                expect(page.locator("details p")).to_contain_text("SHA-256")
                assert is_within_the_screen(page)
                assert_quiet(page)
                with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                    page.goto(str(go.get_attribute("href")))
        assert not any(house.access.sessions)
        with device(browser, locale=locale, ignore_https_errors=True) as phone:
            page = opened(phone, address)
            page.get_by_role("link", name=GO[locale]).click()
            expect(page.locator("#app")).to_be_visible()
            assert page.url.startswith(f"https://{NAME}:{house.port}/")
            assert len(house.access.sessions) == 1
            # From now on the old address leads there by itself.
            page.goto(f"http://{NAME}:{house.port}/")
            assert page.url.startswith("https://")
            expect(page.locator("#app")).to_be_visible()

    driven(place, drive, https_only=True)


def test_a_password_is_typed_on_the_secure_page_alone(place: Path) -> None:
    def drive(house: House, browser: Browser) -> None:
        with device(browser, ignore_https_errors=True) as phone:
            page = opened(phone, f"http://{NAME}:{house.port}/#{house.files.new_link(1.0)}")
            expect(page.locator("#app")).to_be_visible()
            (known,) = house.access.sessions
            page.goto(f"http://{NAME}:{house.port}/#/settings/phones")
            expect(page.get_by_text("Set a password")).to_be_visible()
            expect(page.locator("#password-new")).to_have_count(0)
            page.get_by_text("Set a password").click()
            page.get_by_role("button", name=GO["en-US"]).click()
            page.wait_for_url("https://**")
            expect(page.locator("#app")).to_be_visible()
            page.goto(f"https://{NAME}:{house.port}/#/settings/phones")
            page.fill("#password-new", PASSWORD)
            page.get_by_role("button", name="Save password").click()
            expect(page.locator("plug-phones form.card")).to_contain_text("Saved.")
            assert [one.id for one in house.access.sessions] == [known.id]
        with device(browser, ignore_https_errors=True) as computer:
            page = opened(computer, f"http://{NAME}:{house.port}/")
            page.get_by_text("I have a password").click()
            expect(page.locator("#login")).to_have_count(0)
            page.get_by_role("link", name=GO["en-US"]).click()
            page.wait_for_url("https://**")
            page.get_by_text("I have a password").click()
            page.fill("#login", PASSWORD)
            page.locator("details form").get_by_role("button").click()
            expect(page.locator("#app")).to_be_visible()

    driven(place, drive, https_only=False)
