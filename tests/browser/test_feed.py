"""The page follows the box: at once, again after the box was away, and not while nobody looks."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.chromium import assert_quiet, opened, pass_time
from tests.browser.fakebox import FakeBox
from tests.browser.screens import live, ready

pytestmark = pytest.mark.timeout(300)


def set_hidden(page: Page, *, is_hidden: bool) -> None:
    """A FAKE of another tab in front: a headless browser never hides a page by itself."""
    page.evaluate(
        """is => { Object.defineProperty(document, "hidden", { value: is, configurable: true });
        document.dispatchEvent(new Event("visibilitychange")); }""",
        is_hidden,
    )


def test_a_change_is_drawn_and_meters_move(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-paste")
    ready(box)
    page.wait_for_selector("#go.does-go")
    page.goto(f"{box.url}/#/sound")
    bar = page.locator("[role=meter]").first
    expect(bar).to_have_attribute("aria-valuenow", "-16")
    box.meters(-40.0, -50.0)
    expect(bar).to_have_attribute("aria-valuenow", "-40")
    assert_quiet(page)


def test_the_page_comes_back_by_itself_and_says_meanwhile_that_nothing_is_known(
    phone: BrowserContext, box: FakeBox
) -> None:
    ready(box)
    live(box)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.is-live")
    box.stop()
    expect(page.locator(".go-word")).to_have_text("No answer")
    expect(page.locator(".viewers")).to_be_hidden()
    expect(page.locator(".status")).to_contain_text("No answer from the box (your phone's Wi-Fi?)")
    expect(page.locator("#go")).to_be_disabled()
    box.change(name="back-again")
    box.restart()
    page.wait_for_selector("#go.is-live")
    expect(page.locator(".box-name")).to_have_text("back-again")
    assert_quiet(page)


def test_a_phone_that_lost_its_network_says_so_and_shows_no_old_values(
    still_phone: BrowserContext, box: FakeBox
) -> None:
    live(box)
    page = opened(still_phone, box.url)
    page.wait_for_selector("#go.is-live")
    expect(page.locator(".viewers")).to_have_text("412 watching")
    asked = box.hits.get("/healthz", 0)
    with page.expect_response("**/healthz"):
        page.clock.run_for(5000)  # quiet alone is nothing: the box answers
    page.evaluate("0")  # the page has the answer, too
    box.until(lambda fake: fake.hits.get("/healthz", 0) > asked and not fake.busy)
    page.clock.run_for(2900)  # longer than an answer would be waited for
    expect(page.locator(".state")).to_contain_text("LIVE")
    page.route("**/healthz", lambda route: route.abort())
    page.clock.run_for(200)  # eight seconds in all: it is asked again
    expect(page.locator(".state")).to_have_text("No answer")
    expect(page.locator(".status.is-bad")).to_contain_text("No answer from the box (your phone's Wi-Fi?)")
    expect(page.locator(".viewers")).to_be_hidden()
    expect(page.locator(".pictures")).to_have_css("opacity", "0.35")
    page.unroute("**/healthz")
    page.clock.run_for(1000)
    page.wait_for_selector("#go.is-live")
    still_phone.set_offline(offline=True)  # most phones say it themselves, and at once
    expect(page.locator(".state")).to_have_text("No answer")
    still_phone.set_offline(offline=False)
    page.wait_for_selector("#go.is-live")
    assert_quiet(page)


def test_a_short_break_is_no_alarm(still_phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    page = opened(still_phone, box.url)
    page.wait_for_selector("#go.does-go")
    page.evaluate(
        """() => { window.seen = [];
        const note = () => window.seen.push(document.querySelector(".go-word").textContent);
        const all = { subtree: true, childList: true, characterData: true };
        new MutationObserver(note).observe(document.querySelector("plug-go"), all); }"""
    )
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/feed")):
        box.stop()
    box.change(name="back-again")
    box.restart()
    page.clock.run_for(400)
    expect(page.locator(".box-name")).to_have_text("back-again")
    assert "No answer" not in page.evaluate("window.seen")


def test_a_hidden_tab_reads_nothing_and_looks_again_when_it_is_shown(own_phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    box.missing.clear()
    page = opened(own_phone, box.url)
    page.wait_for_selector(".screen img:not([hidden])")
    live(box)
    box.until(lambda fake: fake.hits.get("/api/preview.mp4", 0) > 0 and fake.readers == 1)
    set_hidden(page, is_hidden=True)
    box.until(lambda fake: fake.readers == 0)
    page.clock.install()
    pass_time(page, 1000)
    box.until(lambda fake: fake.busy == 0)
    before = dict(box.hits)
    pass_time(page, 10_000)
    assert box.hits == before
    box.change(name="while-hidden")
    set_hidden(page, is_hidden=False)
    expect(page.locator(".box-name")).to_have_text("while-hidden")
    box.until(lambda fake: fake.hits["/api/preview.mp4"] > before["/api/preview.mp4"] and fake.readers == 1)


def test_a_session_that_ended_leads_to_the_door(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-go")
    box.is_open = False
    page.wait_for_selector("#pin")
    expect(page.locator("#app")).to_be_hidden()


def test_of_the_chat_only_what_is_new_comes(phone: BrowserContext, box: FakeBox) -> None:
    """It takes its place or comes last, and the newest 200 stay."""

    def said(number: int, text: str = "") -> dict[str, object]:
        who = {"id": "u", "name": "Maya"}
        return {"id": f"m{number}", "platform": "test", "at": 1, "kind": "comment", "user": who, "text": text}

    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-paste")
    chat = box.state["chat"]
    box.change(chat={**chat, "messages": [said(number) for number in range(199)]})
    box.change(chat={**{name: value for name, value in chat.items() if name != "messages"}, "viewers": 7,
                     "append": [said(3, "grown"), said(199), said(200)], "count": 200}, name="den")  # fmt: skip
    expect(page.locator(".box-name")).to_have_text("den")
    seen = page.evaluate("import('/static/lib/feed.js').then(({ feed }) => feed.state.chat)")
    assert [one["id"] for one in seen["messages"]] == [f"m{number}" for number in range(1, 201)]
    assert seen["messages"][2]["text"] == "grown"
    assert (seen["viewers"], "append" in seen) == (7, False)


def test_what_was_seen_before_the_phone_slept_holds_for_a_second_at_most(
    still_phone: BrowserContext, box: FakeBox
) -> None:
    live(box)
    page = opened(still_phone, box.url)
    page.wait_for_selector("#go.is-live")
    set_hidden(page, is_hidden=True)
    box.until(lambda fake: fake.readers == 0)
    asked: list[Route] = []
    page.route("**/api/feed", lambda route: asked.append(route))  # the box takes its time
    with page.expect_request("**/api/feed"):
        set_hidden(page, is_hidden=False)
    page.clock.run_for(999)
    expect(page.locator(".state")).to_contain_text("LIVE")
    page.clock.run_for(1)
    expect(page.locator(".state")).to_have_text("No answer")
    # Meanwhile the LIVE has ended, and nobody knows when.
    box.change(live={"type": "off"}, at=box.state["at"] + 4000)
    while not asked:
        page.wait_for_timeout(10)  # until the browser has handed it over
    asked[0].continue_()
    expect(page.locator(".after")).to_contain_text("Your LIVE is over.")
    assert_quiet(page)


def test_a_feed_that_breaks_after_its_first_words_is_asked_for_ever_more_seldom(
    still_phone: BrowserContext, box: FakeBox
) -> None:
    ready(box)
    page = opened(still_phone, box.url)
    page.wait_for_selector("#go.does-go")
    body = f"event: state\ndata: {json.dumps(box.state)}\n\n"
    page.route("**/api/feed", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    page.evaluate(
        """() => { window.waits = []; const before = setTimeout;
        window.setTimeout = (act, ms) => { window.waits.push(ms); return before(act, ms); };
        import('/static/lib/feed.js').then(({ feed }) => feed.again()); }"""
    )
    for wait in (400, 800, 1600):
        page.wait_for_function("ms => window.waits.includes(ms)", arg=wait)
        page.clock.run_for(wait)
    expect(page.locator(".go-word")).to_have_text("No answer")
