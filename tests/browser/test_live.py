"""The big button and what is at hand while live: held, pressed by keyboard, undone; and what it says is true."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import assert_quiet, opened
from tests.browser.fakebox import FakeBox
from tests.browser.fakestate import destination, fresh_state
from tests.browser.screens import live, ready, refused
from tests.browser.thumb import HOLD_MS, hold, names, paste, press

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def page(still_phone: BrowserContext, box: FakeBox) -> Iterator[Page]:
    """The first screen, on which time stands still; `page.clock.resume()` lets it go."""
    ready(box)
    page = opened(still_phone, box.url)
    page.wait_for_selector("#go.does-go")
    yield page
    assert_quiet(page)


def test_holding_goes_live_and_holding_ends(page: Page, box: FakeBox) -> None:
    press(page)
    page.clock.run_for(HOLD_MS - 1)
    expect(page.locator("#go")).to_have_class("is-ready does-go held")
    assert names(box) == []
    page.clock.run_for(1)
    page.wait_for_selector("#go.does-end")
    page.mouse.up()
    assert names(box) == ["go-live"]
    hold(page, until="#go.does-undo")
    assert box.commands[-1] == {"do": "end-live", "undo-s": 5}


def test_a_tap_does_nothing_but_say_what_to_do(page: Page, box: FakeBox) -> None:
    page.locator("#go").tap()
    expect(page.locator("plug-go .reply")).to_have_text("Keep holding until it is full.")
    page.clock.run_for(6000)  # it lies over the line on the picture
    expect(page.locator("plug-go .reply")).to_have_text("")
    press(page)
    page.clock.run_for(HOLD_MS - 1)
    page.mouse.move(5, 5)
    expect(page.locator("#go")).to_have_class("is-ready does-go")
    page.clock.run_for(HOLD_MS)
    page.mouse.up()
    assert names(box) == []


def test_a_keyboard_presses_twice(page: Page, box: FakeBox) -> None:
    page.focus("#go")
    page.keyboard.press("Enter")
    expect(page.locator(".go-action")).to_have_text("Press again to go LIVE")
    assert names(box) == []
    page.clock.run_for(400)
    page.keyboard.press("Enter")
    box.until(lambda fake: names(fake) == ["go-live"])


def test_what_became_another_button_meanwhile_does_nothing(page: Page, box: FakeBox) -> None:
    """Neither held nor pressed twice: it does what it said, or nothing."""
    press(page)
    page.clock.run_for(HOLD_MS - 100)
    live(box)
    page.wait_for_selector("#go.does-end:not(.held)")
    page.clock.run_for(HOLD_MS)
    press(page)
    page.clock.run_for(HOLD_MS - 100)
    box.change(live={"type": "ending", "since-at": box.state["at"], "ends-at": box.state["at"] + 60})
    page.wait_for_selector("#go.does-undo")
    page.mouse.up()
    live(box)
    page.wait_for_selector("#go.does-end:not(.held)")
    page.focus("#go")
    page.keyboard.press("Enter")
    expect(page.locator(".go-action")).to_have_text("Press again to end")
    box.change(live={"type": "practicing", "since-at": box.state["at"]})
    page.clock.run_for(400)
    expect(page.locator(".go-action")).to_have_text("Hold to end practice")
    page.keyboard.press("Enter")
    expect(page.locator(".go-action")).to_have_text("Press again to end")
    assert names(box) == []


def test_an_end_is_taken_back(page: Page, box: FakeBox) -> None:
    live(box)
    hold(page, until="#go.does-undo")
    expect(page.locator(".state")).to_contain_text("Ending in")
    page.locator("#go").tap()
    page.wait_for_selector("#go.does-end.is-live")
    assert names(box) == ["end-live", "undo-end"]


def test_an_end_says_live_only_while_somebody_sees_it(page: Page, box: FakeBox) -> None:
    refused(box)
    (first,) = box.state["destinations"]
    ending = {"type": "ending", "since-at": box.state["at"], "ends-at": box.state["at"] + 60}
    box.change(live=ending, destinations=[{**first, "state": "refused"}], problems=[])
    page.wait_for_selector("#go.is-busy.does-undo")
    expect(page.locator(".status")).to_have_text("")
    box.change(destinations=[first])
    page.wait_for_selector("#go.is-live.does-undo")
    expect(page.locator(".status")).to_have_text("Viewers still see you.")


def test_the_big_button_is_the_next_step_that_helps(page: Page, box: FakeBox) -> None:
    """A row that has something to mend stays where it is."""
    rows = fresh_state()["readiness"]
    rows[2] = {"name": "tiktok", "state": "bad", "text": "None is on.", "code": "no-destination"}
    box.change(readiness=rows, destinations=[{**box.state["destinations"][0], "enabled": False}])
    expect(page.locator(".go-action")).to_have_text("Switch on")
    tops = [one.bounding_box() for one in page.locator("plug-rows .row").all()]
    assert sorted(round(top["y"]) for top in tops if top) == [round(top["y"]) for top in tops if top]
    page.locator("#go").tap()
    page.wait_for_url(re.compile("#/settings/destinations$"))


def test_two_destinations_have_a_problem_each(page: Page, box: FakeBox) -> None:
    """What was put away stays away while only its numbers move; the close button stands where the reading ends."""
    refused(box)
    (tiktok,) = box.state["problems"]
    twitch = {**tiktok, "facts": {**tiktok["facts"], "destination": "twitch"}}
    box.change(problems=[{**tiktok, "text": "In another language."}, twitch])
    expect(page.locator(".more")).to_have_text("And 1 more")
    box.change(live={"type": "off"}, problems=[twitch])
    expect(page.locator(".problem-text")).to_contain_text("Twitch asks for a new key")
    newer = {"code": "not-known-to-this-page", "text": "In 9 s.", "hints": [], "facts": {}}
    box.change(problems=[newer])
    expect(page.locator(".problem-text")).to_have_text("In 9 s.")
    box.change(problems=[{**newer, "text": "In 8 s."}])
    expect(page.locator(".problem-text")).to_have_text("In 8 s.")
    page.evaluate("document.documentElement.dir = 'rtl'")
    close = page.locator(".put-away").bounding_box()
    assert close
    assert close["x"] < 60
    page.tap(".put-away")
    box.change(problems=[{**newer, "text": "In 7 s."}], name="den")
    expect(page.locator(".box-name")).to_have_text("den")
    expect(page.locator("plug-problem")).to_be_hidden()


def test_the_key_step_asks_for_one_key_from_its_beginning_to_its_end(page: Page, box: FakeBox) -> None:
    lost = {"code": "connection-lost", "text": "Lost.", "hints": [], "facts": {}}
    wrong = {"code": "stream-key-refused", "text": "No.", "hints": [], "facts": {"destination": "twitch"}}
    places = [destination("tiktok", "tiktok", problem=lost), destination("twitch", "twitch", problem=wrong)]
    box.change(destinations=places)
    page.evaluate("location.hash = '#/key'")
    expect(page.locator("plug-key h2")).to_contain_text("Twitch")
    box.change(destinations=[{**places[0], "problem": wrong}, {**places[1], "problem": None}], name="den")
    expect(page.locator(".box-name")).to_have_text("den")
    expect(page.locator("plug-key h2")).to_contain_text("Twitch")
    expect(page.locator("#paste-twitch")).to_be_visible()


def test_live_is_said_only_while_frames_go_out(page: Page, box: FakeBox) -> None:
    box.change(live={"type": "connecting", "since-at": time.time(), "attempts": 1, "retry-at": 0, "problem": None})
    state = page.locator(".state")
    expect(state).to_have_text("Connecting…")
    live(box)
    expect(state).to_contain_text("LIVE 12:4")
    at = box.state["at"]
    box.change(at=at + 2)
    page.clock.run_for(3900)  # nothing was read: that the box is silent is not that no frame goes out
    expect(state).to_contain_text("LIVE 12:")
    expect(page.locator(".status")).to_have_text("The stream is good.")
    box.change(at=at + 3)  # no frame more: within a few seconds it is no longer called live
    expect(state).to_have_text("Checking…")
    expect(page.locator(".status")).to_have_text("No picture is going out right now.")
    (first,) = box.state["destinations"]
    box.change(destinations=[{**first, "sent-frames": first["sent-frames"] + 30}])
    expect(state).to_contain_text("LIVE")


def test_on_the_picture_stands_what_is_known_and_nothing_without_a_value(page: Page, box: FakeBox) -> None:
    shown = page.locator("plug-facts :is(.pill, .status)").filter(visible=True)
    expect(shown).to_have_text(["Nobody sees this yet."])
    live(box)
    expect(shown).to_have_text([re.compile("^LIVE 12:4"), "412 watching", "The stream is good."])
    slow = {"verdict": "fair", "cause": "internet-slow", "temperature-c": 76.4, "load": None}
    box.change(health=slow, chat={**box.state["chat"], "viewers": None})
    expect(shown).to_have_text(
        [re.compile("^LIVE 12:4"), "76 °C", "Your internet is slow: picture made simpler, sound untouched."]
    )


def test_how_the_stream_does_is_said_only_while_it_goes_out(page: Page, box: FakeBox) -> None:
    """And its trouble has one voice: what the card says, the line does not say again."""
    live(box)
    status = page.locator(".status")
    expect(status).to_have_text("The stream is good.")
    lost = {"code": "connection-lost", "text": "Lost.", "hints": [], "facts": {}}
    at = box.state["at"]
    box.change(live={"type": "reconnecting", "since-at": at, "lost-at": at, "retry-at": at + 4, "problem": lost})
    expect(page.locator(".state")).to_contain_text("Reconnecting in")
    expect(status).to_have_text("Your LIVE is kept open.")
    expect(page.locator("plug-problem .is-bad .problem-text")).to_contain_text("connection")
    refused(box)
    expect(page.locator(".state")).to_have_text("New key needed")
    expect(status).to_have_text("")
    live(box)
    trouble = {"code": "no-signal", "text": "None.", "hints": [], "facts": {}}
    box.change(problems=[trouble], health={"verdict": "fair", "cause": "no-picture", "temperature-c": 50.0})
    expect(page.locator(".problem-text")).to_contain_text("Switch it on")
    expect(status).to_have_text("The stream is not at its best.")
    page.tap(".put-away")
    expect(page.locator("plug-problem")).to_be_hidden()
    expect(status).to_contain_text("No picture from the console")


def test_privacy_mute_and_break_are_one_tap_each(page: Page, box: FakeBox) -> None:
    live(box)
    privacy = page.locator("#quick-privacy")
    privacy.tap()
    expect(privacy).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".cover")).to_contain_text("viewers see no game and hear nothing")
    page.clock.run_for(999)
    privacy.tap()  # a thumb that trembles
    page.clock.run_for(1)
    privacy.tap()
    expect(page.locator(".cover")).to_be_hidden()
    page.tap("#quick-mute")
    expect(page.locator("#quick-mute")).to_have_text("Mic is off")
    page.tap("#quick-brb")
    expect(page.locator("#quick-brb")).to_have_attribute("aria-pressed", "true")
    assert box.commands == [
        {"do": "privacy", "on": True}, {"do": "privacy", "on": False},
        {"do": "mute", "source": "mic", "on": True}, {"do": "brb", "on": True},
    ]  # fmt: skip


def test_a_refused_key_is_the_one_thing_to_see_and_mended_by_pasting(page: Page, box: FakeBox) -> None:
    page.clock.resume()  # what is pasted is used a moment later
    refused(box)
    expect(page.locator("plug-problem .problem-text")).to_have_text(
        "TikTok asks for a new key. Paste it; until then the box keeps trying the old one."
    )
    page.tap("plug-problem .main")
    expect(page.locator("plug-key h2")).to_have_text("Paste today's key of TikTok")
    text = page.locator("#paste-tiktok")
    expect(text).to_be_focused()
    paste(page, "rtmp://push.example/live/ stream-1?expire=1")
    expect(page.locator("plug-paste .reply.is-ok")).to_contain_text("Server and key are in. It is good for 3 h more.")
    expect(text).to_have_value("")
    live(box)
    expect(page.locator("plug-key")).to_have_count(0)  # it is taken: back to the picture


def test_a_live_that_asks_for_a_key_can_be_ended(page: Page, box: FakeBox) -> None:
    """The box would try for ever."""
    refused(box)
    expect(page.locator(".state")).to_have_text("New key needed")
    hold(page, until="#go.does-undo")
    assert names(box) == ["end-live"]


def test_an_error_is_said_in_the_readers_language(still_phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    page = opened(still_phone, f"{box.url}/#/settings/basics")
    page.select_option("#page-language", "es")
    page.wait_for_selector("html[lang=es]")
    page.goto(f"{box.url}/#/")
    box.refusals["go-live"] = {"code": "clock-wrong", "text": "The clock is wrong.", "status": 424}
    hold(page, until="plug-go .reply:not(:empty)")
    expect(page.locator("plug-go .reply")).to_contain_text("El reloj de la caja va mal")
    box.refusals["go-live"] = {"code": "not-known-to-this-page", "text": "Words of a newer box."}
    hold(page, until="plug-go .reply:has-text('newer box')")


def test_deleting_asks_once_more_in_place(page: Page, box: FakeBox) -> None:
    page.goto(f"{box.url}/#/clips")
    first = page.locator(".clip").first
    first.locator(".danger").tap()
    expect(first.locator(".danger")).to_have_text("Really delete")
    assert names(box) == []
    first.locator(".danger").tap()
    expect(page.locator(".clip")).to_have_count(1)
    assert names(box) == ["delete-recording"]


def test_practice_needs_no_key_and_says_that_nobody_sees_it(page: Page, box: FakeBox) -> None:
    page.tap(".practice")
    page.tap("text=Start practice")
    expect(page.locator("plug-top .pill")).to_contain_text("Practice")
    assert box.commands == [{"do": "go-live", "practice": True}]
    page.tap("text=End practice")
    expect(page.locator("plug-top .pill")).to_be_hidden()
    assert box.commands[-1] == {"do": "end-live"}


def test_a_setting_is_changed_and_taken_back(page: Page, box: FakeBox) -> None:
    page.clock.resume()  # a changed setting is drawn again a moment later
    page.goto(f"{box.url}/#/settings/every")
    page.fill("#set-slate-owner-name", "Leo")
    page.press("#set-slate-owner-name", "Tab")
    box.until(lambda fake: {"do": "set-setting", "path": "slate.owner-name", "value": "Leo"} in fake.commands)
    row = page.locator(".setting", has=page.locator("#set-slate-owner-name"))
    row.get_by_role("button").tap()
    expect(row.get_by_role("button")).to_have_count(0)
    expect(page.locator("#set-slate-owner-name")).to_have_value("")
    assert box.commands[-1] == {"do": "set-setting", "path": "slate.owner-name", "value": None}
