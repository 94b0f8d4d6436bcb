"""The chat's screens: read at any speed, moderated with one thumb, and what viewers write stays text."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import fakechat
from tests.browser.chromium import assert_quiet, opened
from tests.browser.fakebox import FakeBox
from tests.browser.fakechat import crowd, message, on

pytestmark = pytest.mark.timeout(300)

EVIL = '<img src=x onerror="window.taken=1"> \u202egnp.exe'
IDS = "[...document.querySelectorAll('plug-messages li')].map((one) => one.dataset.id)"
SCROLL = ".chat-scroll"
DARK = "screen stay on in its settings"
# What is added to the list from now on, and which messages anything changes in.
WATCH = """() => {
    window.added = [];
    window.touched = new Set();
    new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
            if (target.matches?.(".sayings")) window.added.push(...[...addedNodes].map((one) => one.dataset.id));
            else window.touched.add((target.nodeType === 1 ? target : target.parentElement).closest("li").dataset.id);
        }
    }).observe(document.querySelector(".sayings"),
        { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def chat_of(phone: BrowserContext, box: FakeBox, chat: dict[str, Any]) -> Page:
    box.change(chat=chat)
    page = opened(phone, f"{box.url}/#/chat")
    page.wait_for_selector(".saying")
    return page


def shown(page: Page, *ids: str) -> None:
    """Waits until exactly these messages stand in the list, in this order."""
    page.wait_for_function(f"(ids) => JSON.stringify({IDS}) === JSON.stringify(ids)", arg=list(ids))


def row(page: Page, id_: str) -> Any:
    return page.locator(f"li[data-id='{id_}']")


def press(page: Page, word: str) -> None:
    page.locator(".chat-sheet").get_by_role("button", name=word, exact=True).tap()


def sent(box: FakeBox, command: dict[str, Any]) -> None:
    box.until(lambda fake: command in fake.commands)


def test_a_chat_is_read_and_moderated_with_one_thumb(phone: BrowserContext, box: FakeBox) -> None:
    one, two, three, gift = message(1, text="hello"), message(2, text=EVIL), message(3), message(4, "gift")
    page = chat_of(phone, box, on(one, two, message(5, text="x", hidden="link"), three, gift))
    ids = [each["id"] for each in (one, two, three, gift)]
    shown(page, *ids)

    # What a viewer writes is text, in its own direction.
    expect(row(page, two["id"]).locator(".words")).to_have_text(EVIL)
    expect(row(page, two["id"]).locator("bdi[dir=auto]")).to_have_count(1)
    assert page.locator("plug-chat img").count() == 0
    assert page.evaluate("window.taken") is None

    # A gift grows in its place, and nothing else is touched.
    page.evaluate(WATCH)
    box.chat({**gift, "gift": fakechat.gift(120)})
    expect(row(page, gift["id"])).to_contain_text("× 120")
    expect(row(page, gift["id"])).to_have_class("tier-2")
    assert page.evaluate("[window.added, [...window.touched]]") == [[], [gift["id"]]]

    # Hidden with two taps, back with one, at its place.
    row(page, two["id"]).tap()
    press(page, "Hide message")
    sent(box, {"do": "hide-message", "id": two["id"]})
    shown(page, one["id"], three["id"], gift["id"])
    page.locator(".chat-undo button").tap()
    sent(box, {"do": "show-message", "id": two["id"]})
    shown(page, *ids)

    # A viewer; and what is hidden, why.
    row(page, one["id"]).tap()
    press(page, "Hide viewer")
    sent(box, {"do": "hide-viewer", "id": one["user"]["id"]})
    shown(page, *ids[1:])
    page.select_option(".chat-filter", "hidden")
    shown(page, one["id"], "tiktok:5")
    expect(row(page, "tiktok:5")).to_contain_text("It has a link.")
    row(page, one["id"]).tap()
    press(page, "Show viewer again")
    sent(box, {"do": "show-viewer", "id": one["user"]["id"]})
    page.select_option(".chat-filter", "all")
    shown(page, *ids)

    # Pinned and asked, by the keys; answered.
    page.focus(SCROLL)
    for key in ("ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".chat-about")).to_contain_text(three["text"])
    press(page, "Pin")
    sent(box, {"do": "pin", "id": three["id"]})
    expect(page.locator(".chat-pinned")).to_contain_text(three["text"])
    row(page, three["id"]).tap()
    press(page, "Answer later")
    page.tap(".chat-questions summary")
    # A refusal is said where it is seen, the sheet being closed.
    box.refusals["answer-question"] = {"code": "gone", "text": "It is not there any longer.", "status": 422}
    page.locator(".chat-questions button").tap()
    told = page.locator("plug-chat > .reply")
    expect(told).to_contain_text("not there any longer")
    expect(told).to_be_in_viewport()
    del box.refusals["answer-question"]
    page.locator(".chat-questions button").tap()
    expect(told).to_have_text("")
    sent(box, {"do": "answer-question", "id": three["id"]})
    expect(page.locator(".chat-questions")).to_be_hidden()

    # What the platform deletes goes at once, also from under the thumb that reads it.
    box.chat({**three, "text": "", "hidden": "deleted"})
    shown(page, one["id"], two["id"], gift["id"])

    # A refusal is said, and the message stays.
    box.refusals["hide-message"] = {"code": "gone", "text": "It is not there any longer.", "status": 422}
    row(page, two["id"]).tap()
    press(page, "Hide message")
    expect(page.locator(".chat-sheet .reply")).to_contain_text("not there any longer")
    page.keyboard.press("Escape")
    expect(page.locator(".chat-sheet")).to_be_hidden()
    shown(page, one["id"], two["id"], gift["id"])

    # Every kind can be tried, and own words pinned.
    page.tap(".chat-more")
    page.fill("#chat-own", "Back at nine")
    press(page, "Pin")
    sent(box, {"do": "pin", "text": "Back at nine"})
    for kind, word in {"gift": "Gift", "follow": "Follow", "share": "Share", "question": "Question"}.items():
        press(page, word)
        sent(box, {"do": "test-alert", "kind": kind})
    assert_quiet(page)


def test_who_reads_further_up_is_not_disturbed_and_comes_back_with_one_tap(phone: BrowserContext, box: FakeBox) -> None:
    all_of_it = crowd(100)
    box.older = all_of_it[:25]
    page = chat_of(phone, box, on(*all_of_it[25:]))
    assert page.evaluate(f"document.querySelector('{SCROLL}').scrollTop") == 0
    expect(row(page, "tiktok:99")).to_be_in_viewport()
    page.evaluate(f"document.querySelector('{SCROLL}').scrollTop = -300")
    back = page.locator(".chat-back")
    expect(back).to_have_text("To the newest")
    reading = page.evaluate(
        f"document.elementFromPoint(200, document.querySelector('{SCROLL}').getBoundingClientRect().top + 100)"
        ".closest('li').dataset.id"
    )
    place = row(page, reading).bounding_box()
    box.chat(*[message(number) for number in range(100, 118)])
    expect(back).to_have_text("18 new")
    # Deleted is deleted, whoever reads.
    box.chat({**all_of_it[98], "hidden": "deleted", "text": ""}, hidden_viewers=[])
    expect(row(page, "tiktok:98")).to_have_count(0)
    assert row(page, "tiktok:117").count() == 0
    assert row(page, reading).bounding_box() == place

    # All that there was comes from the box, piece by piece.
    for first in (15, 5, 0):
        page.evaluate(f"document.querySelector('{SCROLL}').scrollTop = -1e6")
        expect(row(page, f"tiktok:{first}")).to_have_count(1)
    assert page.evaluate(IDS) == [f"tiktok:{number}" for number in range(100) if number != 98]
    # What only the log has is read, and no more.
    row(page, "tiktok:5").tap()
    page.wait_for_selector(".chat-sheet:not([hidden])")
    assert page.locator(".chat-sheet").get_by_role("button", name="Pin", exact=True).count() == 0
    assert page.locator(".chat-sheet").get_by_role("button", name="Hide message", exact=True).count() == 0
    page.keyboard.press("Escape")
    asked = box.hits["/api/chat"]
    page.evaluate(f"document.querySelector('{SCROLL}').dispatchEvent(new Event('scroll'))")
    back.tap()
    shown(page, *[f"tiktok:{number}" for number in range(25, 118) if number != 98])
    expect(row(page, "tiktok:117")).to_be_in_viewport()
    expect(back).to_be_hidden()
    assert box.hits["/api/chat"] == asked == 3

    # An answer to who came back meanwhile is nobody's any longer.
    held: list[Route] = []
    page.route("**/api/chat?before=*", lambda route: held.append(route))
    for number in (1, 2):
        page.evaluate(f"document.querySelector('{SCROLL}').scrollTop = -1e6")
        while len(held) < number:
            page.evaluate("new Promise(requestAnimationFrame)")
        if number == 1:
            back.tap()
            expect(back).to_be_hidden()
    for route, one in zip(held, (message(3, text="late"), message(4)), strict=True):
        route.fulfill(json={"messages": [one], "more": False})
    expect(row(page, "tiktok:4")).to_have_count(1)
    assert row(page, "tiktok:3").count() == 0
    assert_quiet(page)


def test_a_thousand_messages_leave_two_hundred_elements_each_made_once(phone: BrowserContext, box: FakeBox) -> None:
    page = chat_of(phone, box, on(*crowd(200)))
    page.evaluate(WATCH)
    for first in range(200, 1200, 50):
        box.chat(*crowd(50, first))
    shown(page, *[f"tiktok:{number}" for number in range(1000, 1200)])
    added = page.evaluate("window.added")
    assert len(added) == len(set(added))
    assert page.evaluate("[...window.touched]") == []
    assert_quiet(page)


def test_who_may_only_look_finds_nothing_that_is_refused(phone: BrowserContext, box: FakeBox) -> None:
    box.role = "viewer"
    page = chat_of(
        phone, box, on(message(1), message(2), pinned={"id": "", "name": "", "text": "Hi"}, questions=[message(1)])
    )
    page.wait_for_selector("body.viewer")
    expect(page.locator("button.saying")).to_have_count(0)
    page.tap(".chat-questions summary")
    page.tap(".chat-more")
    page.wait_for_selector(".chat-sheet:not([hidden])")
    buttons = page.locator("plug-chat button").filter(visible=True)
    assert [one.get_attribute("aria-label") for one in buttons.all()] == ["More for the chat", "Close"]
    row(page, "tiktok:1").tap(force=True)
    assert box.commands == []
    assert_quiet(page)


def test_a_helper_hides_and_pins_and_finds_nothing_else(phone: BrowserContext, box: FakeBox) -> None:
    box.role = "helper"
    one, two = message(1), message(2)
    page = chat_of(phone, box, on(one, two, pinned={"id": "", "name": "", "text": "Hi"}, questions=[one]))
    page.wait_for_selector("body.helper")
    page.locator(".chat-pinned button").tap()
    sent(box, {"do": "unpin"})
    row(page, one["id"]).tap()
    buttons = page.locator(".chat-sheet button").filter(visible=True)
    expect(buttons).to_have_text(["", "Hide message", "Hide viewer", "Pin"])
    press(page, "Pin")
    sent(box, {"do": "pin", "id": one["id"]})
    row(page, one["id"]).tap()
    press(page, "Hide message")
    sent(box, {"do": "hide-message", "id": one["id"]})
    shown(page, two["id"])
    expect(page.locator(".chat-undo")).to_be_hidden()
    page.tap(".chat-more")
    expect(buttons).to_have_count(1)
    page.keyboard.press("Escape")

    # What somebody hides goes at once, the oldest too, and also from under the eyes of who reads further up.
    crowd_ = crowd(100)
    box.change(chat=on(*crowd_))
    expect(row(page, "tiktok:99")).to_have_count(1)
    box.chat({**crowd_[0], "hidden": "message"})
    expect(row(page, "tiktok:0")).to_have_count(0)
    page.evaluate(f"document.querySelector('{SCROLL}').scrollTop = -300")
    back = page.locator(".chat-back")
    expect(back).to_have_text("To the newest")
    for number in (99, 50, 1):
        box.chat({**crowd_[number], "hidden": "viewer"})
        expect(row(page, f"tiktok:{number}")).to_have_count(0)
    expect(back).to_have_text("To the newest")
    box.chat(message(100), message(101))
    expect(back).to_have_text("2 new")
    shown(page, *[f"tiktok:{number}" for number in range(2, 99) if number != 50])
    assert_quiet(page)


def test_without_a_chat_it_says_what_one_means_and_takes_the_name(phone: BrowserContext, box: FakeBox) -> None:
    page = opened(phone, f"{box.url}/#/chat")
    page.locator(".chat-start summary").tap()
    expect(page.locator(".chat-start")).to_contain_text("its terms forbid reading by programs that it has not approved")
    page.get_by_label("Your @name on TikTok").fill("maya")
    page.keyboard.press("Enter")
    sent(box, {"do": "set-setting", "path": "chat.tiktok.handle", "value": "maya"})
    problem = {
        "code": "chat-unknown",
        "text": "",
        "facts": {"platform": "tiktok", "handle": "maya"},
        "retry-at": box.state["at"] + 60,
    }
    source = {"platform": "tiktok", "status": "failed", "live": "unknown", "problem": problem}
    box.change(chat={**on(), "status": "failed", "sources": [source], "viewers": None})
    expect(page.locator(".chat-trouble")).to_contain_text("TikTok")
    expect(page.locator(".chat-trouble")).to_contain_text("Next try in")
    expect(page.locator(".chat-start")).to_be_hidden()
    assert_quiet(page)


def test_a_second_phone_shows_it_large_with_nothing_to_press(phone: BrowserContext, box: FakeBox) -> None:
    box.change(
        chat=on(message(1), message(2, hidden="word"), message(3, "gift"), pinned={"id": "", "name": "", "text": "Hi"})
    )
    # As over plain HTTP.
    phone.add_init_script("Object.defineProperty(Navigator.prototype, 'wakeLock', { get: () => undefined })")
    page = opened(phone, f"{box.url}/#/monitor")
    expect(page.locator("plug-monitor li")).to_have_count(2)
    expect(page.locator("plug-monitor")).to_contain_text("412 watching")
    expect(page.locator(".monitor-notes")).to_contain_text("Hi")
    pressable = page.locator("button, a:not(.unseen), input, select, summary").filter(visible=True)
    assert pressable.count() == 0
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.saying')).fontSize)") >= 24
    box.chat(message(4, text="more"))
    expect(page.locator("plug-monitor li").last).to_contain_text("more")
    trouble = page.locator(".monitor-trouble")
    expect(trouble).to_contain_text(DARK)
    sources = box.state["chat"]["sources"]
    box.chat(sources=[{**sources[0], "status": "connecting"}])
    expect(trouble).not_to_contain_text(DARK)
    box.chat(sources=sources)
    expect(trouble).to_contain_text(DARK)
    page.locator("plug-monitor").tap()
    page.tap(".monitor-back")
    page.wait_for_selector("plug-chat")
    assert_quiet(page)


def test_the_lives_that_were_say_what_they_brought(phone: BrowserContext, box: FakeBox) -> None:
    box.lives = [fakechat.evening(2, title=EVIL), fakechat.evening(1)]
    page = opened(phone, f"{box.url}/#/lives")
    newest = page.locator("plug-lives details[open]")
    expect(newest).to_have_count(1)
    for said in (
        "1:30:00",
        "812 viewers at most",
        "31 follows",
        "29,999 coins",
        "140 messages",
        "The disk is full",
        EVIL,
    ):
        expect(newest).to_contain_text(said)
    addresses = [one.get_attribute("href") for one in newest.locator("a").all()]
    assert addresses == ["/api/lives/2.csv", "/api/lives/2.jsonl"]
    assert page.locator("plug-lives details").count() == 2
    assert_quiet(page)
