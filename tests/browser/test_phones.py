"""The list of phones in a real browser: names, what removing takes with it, the password, and what owners are told."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chromium import assert_quiet, opened
from tests.browser.fakebox import PIN, FakeBox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_phones_are_named_and_removed(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/settings/phones")
    rows = page.locator("plug-phones li.card")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("let in by iPhone, Safari")
    rows.nth(1).get_by_role("button", name="Another name for").click()
    rows.nth(1).locator("input").fill("Maya's <b>laptop</b>")
    rows.nth(1).get_by_role("button", name="Save").click()
    expect(rows.nth(1).locator("strong")).to_have_text("Maya's <b>laptop</b>")
    page.fill("#password-new", "a few words in a row")
    page.get_by_role("button", name="Save password").click()
    password = page.locator("plug-phones form.card")
    expect(password).to_contain_text("by iPhone, Safari.")
    for _ in range(2):
        rows.nth(1).get_by_role("button", name="emove").click()
    expect(rows).to_have_count(1)
    said = page.locator("plug-phones > .reply")
    expect(said).to_contain_text("Still here, let in by it: 2.")
    expect(said).to_contain_text("The password that it set is gone, too.")
    expect(password).to_contain_text("There is no password.")
    assert_quiet(page)


def test_the_password_is_taken_away_without_knowing_it(phone: BrowserContext, box: FakeBox) -> None:
    box.password = {"set": True, "given": False, "set-at": 0.0, "set-by": ""}
    page = opened(phone, f"{box.url}/#/settings/phones")
    password = page.locator("plug-phones form.card")
    expect(password).to_contain_text("by whom is not known")
    for word in ("Take it away", "Really remove"):
        password.get_by_role("button", name=word).click()
    expect(password).to_contain_text("There is no password.")
    box.password = {"set": True, "given": True, "set-at": 0.0, "set-by": ""}
    page.reload()
    expect(password).to_contain_text("It comes from the system of the box")
    expect(password.get_by_role("button", name="Take it away")).to_have_count(0)
    assert_quiet(page)


def test_owners_are_told_until_they_look(phone: BrowserContext, box: FakeBox) -> None:
    now = time.time()
    other = {"code": "new-owner", "text": "x", "hints": [], "since-at": now - 60, "facts": {"name": "Sam", "id": "b2"}}
    itself = {**other, "text": "y", "facts": {"name": "Phone", "id": "a1"}, "since-at": now - 30}
    heap = {**other, "code": "guessing", "facts": {"count": 12, "client": "192.168.1.9"}}
    box.change(access={"sessions": 2, "pin-shown": True, "notices": [itself, other, heap]})
    page = opened(phone, box.url)
    card = page.locator("plug-problem .problem")
    expect(card).to_contain_text("Sam is a new owner of this box.")
    expect(page.locator("plug-problem .more")).to_have_text("And 1 more")
    card.get_by_role("link", name="Look at phones").click()
    expect(page.locator("plug-phones li.card")).to_have_count(2)
    page.goto(f"{box.url}/#/")
    page.wait_for_selector(".screen img[src]", state="attached")
    box.change(title="another")
    expect(card).to_be_hidden()
    assert_quiet(page)


def test_a_pin_that_waits_is_sent_again_by_itself(still_phone: BrowserContext, box: FakeBox) -> None:
    box.is_open = False
    box.pin_waits_s = 2
    page = opened(still_phone, box.url)
    page.fill("#pin", PIN)
    page.wait_for_selector(".reply:has-text('your turn is in 00:02')")
    page.clock.run_for(1000)
    page.wait_for_selector(".reply:has-text('your turn is in 00:01')")
    page.clock.run_for(1000)
    page.wait_for_selector("#app:not([hidden])")
    assert_quiet(page)
