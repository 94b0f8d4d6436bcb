"""What a thumb finds: few taps to a LIVE, nothing that moves under it, and Privacy at one place on every screen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import assert_quiet, device, opened, resize
from tests.browser.fakebox import FakeBox, Json
from tests.browser.fakestate import fresh_state
from tests.browser.screens import SCREENS, live, ready
from tests.browser.thumb import hold, names, paste
from tests.long_run import only_long

pytestmark = pytest.mark.timeout(300)

SIZES = [(390, 844), (844, 390), (320, 568)]
LARGE = [(768, 1024), (1280, 800)]
PASTE_TAPS = 2
"""The field is held, and the system's own menu is tapped."""
COUNT = "window.taps = 0; addEventListener('pointerdown', () => { window.taps += 1; }, true);"
PLACE = """one => { const { x, y, width, height } = document.querySelector(one).getBoundingClientRect();
    return [x, y, width, height].map(Math.round); }"""
ON_TOP = """one => { const element = document.querySelector(one), box = element.getBoundingClientRect();
    return [0.1, 0.5, 0.9].every((part) => element.contains(
        document.elementFromPoint(box.x + box.width * part, box.y + box.height / 2))); }"""
# Everything that the browser itself sees move, whoever caused it.
WATCH = """() => {
    window.shifts = [];
    window.watcher?.disconnect();
    window.watcher = new PerformanceObserver((list) => note(list.getEntries()));
    const note = (entries) => {
        for (const { node, previousRect: was, currentRect: is } of entries.flatMap((one) => one.sources))
            window.shifts.push(`${node?.className || node?.nodeName} ${was.x} ${was.y} > ${is.x} ${is.y}`); };
    window.settled = async () => {
        for (let i = 0; i < 2; i += 1) await new Promise((done) => { requestAnimationFrame(done); });
        note(window.watcher.takeRecords());
        return window.shifts;
    };
    window.watcher.observe({ type: "layout-shift" });
}"""


def end_with_a_used_key(box: FakeBox) -> None:
    rows = fresh_state()["readiness"]
    rows[2] = {"name": "tiktok", "state": "warn", "text": "Used.", "code": "key-used"}
    box.change(live={"type": "off"}, readiness=rows)


def test_from_the_scan_to_a_live_in_four_taps_and_the_second_evening_in_two_and_a_paste(
    still_phone: BrowserContext, box: FakeBox
) -> None:
    box.is_open = False
    page = opened(still_phone, "about:blank")
    page.add_init_script(COUNT)
    page.goto(box.link)
    for evening in (1, 2):
        page.wait_for_selector("#go.does-paste")
        page.evaluate("window.taps = 0")
        page.tap("#go")
        page.wait_for_selector("#paste-tiktok:focus")
        paste(page, "rtmp://push.example/live/ stream-1?expire=1")
        page.clock.run_for(1)  # what is pasted is used at once
        page.wait_for_selector("#go.does-go")
        hold(page, until="#go.does-end")
        taps = page.evaluate("window.taps")
        assert taps + PASTE_TAPS <= 4
        assert names(box)[-2:] == ["paste-key", "go-live"]
        if evening == 1:
            box.change(at=box.state["live"]["since-at"] + 600)
            end_with_a_used_key(box)
            expect(page.locator(".after")).to_contain_text("Your LIVE is over: 10:00")
            expect(page.locator("#go")).to_have_text("Paste a new key")
    assert_quiet(page)


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("bad", "needs-key", "Paste today's key"),
        ("warn", "key-used", "Paste a new key"),
        ("warn", "key-expired", "Paste a new key"),
        ("warn", "stream-key-refused", "Paste a new key"),
    ],
)
def test_a_dead_key_is_never_ready(phone: BrowserContext, box: FakeBox, state: str, code: str, words: str) -> None:
    ready(box)
    rows = fresh_state()["readiness"]
    rows[2] = {"name": "tiktok", "state": state, "text": "x", "code": code}
    box.change(readiness=rows)
    page = opened(phone, box.url)
    expect(page.locator("#go.does-paste")).to_have_text(words)
    page.tap("#go")
    expect(page.locator("plug-key h2")).to_have_text("Paste today's key of TikTok")
    old = page.locator("plug-key button", has_text="use the old key")
    if code not in {"key-used", "stream-key-refused"}:
        expect(old).to_be_hidden()
        return
    old.tap()  # TikTok's own LIVE may go on
    page.wait_for_selector("#go.does-go")
    assert box.commands == []
    # What is said of it after the next LIVE was said of that one.
    now = fresh_state()["live"]
    box.change(live={"type": "preparing"})
    page.wait_for_selector("#go:not(.does-go)")
    box.change(live=now)
    page.wait_for_selector("#go.does-paste")


def test_a_key_that_ends_soon_is_still_one_to_go_live_with(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    rows = fresh_state()["readiness"]
    rows[2] = {"name": "tiktok", "state": "warn", "text": "Soon.", "code": "key-ends-soon"}
    box.change(readiness=rows)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-go")


def test_platforms_have_their_names(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    (first,) = box.state["destinations"]
    twitch = {**first, "name": "twitch", "preset": "twitch"}
    box.change(destinations=[twitch])
    page = opened(phone, box.url)
    row = page.locator("plug-rows strong").nth(2)
    expect(row).to_have_text("Twitch")
    expect(page.locator(".zones-button")).to_be_hidden()
    box.change(destinations=[first, {**twitch, "enabled": False}])
    expect(row).to_have_text("TikTok")
    box.change(destinations=[first, twitch])
    expect(row).to_have_text("TikTok + Twitch")
    rows = fresh_state()["readiness"]
    box.change(destinations=[{**first, "enabled": False}, twitch], readiness=rows)
    page.tap("#go.does-paste")
    expect(page.locator("plug-key h2")).to_have_text("Paste today's key of Twitch")
    expect(page.locator("#paste-twitch")).to_have_count(1)


def evening(box: FakeBox) -> list[Json]:
    """What may happen in a minute of a LIVE, state by state."""
    at, (first,) = box.state["at"], box.state["destinations"]
    sources = box.state["audio"]["sources"]
    muted = {**box.state["audio"], "sources": [{**one, "muted": True} for one in sources]}
    lost = {"code": "connection-lost", "text": "Lost.", "hints": [], "facts": {}}
    full = {"code": "disk-full", "text": "The disk is full.", "hints": ["Make room.", "Take another."], "facts": {}}
    none = {"code": "no-signal", "text": "Nothing.", "hints": ["Switch it on."], "facts": {}}

    def health(verdict: str, cause: str = "", celsius: float | None = 58.0) -> Json:
        return {"health": {"verdict": verdict, "cause": cause, "temperature-c": celsius, "load": 0.4}}

    def on_air(seconds: int, viewers: int | None) -> Json:
        chat = {**box.state["chat"], "viewers": viewers}
        return {"live": {"type": "on-air", "since-at": at - seconds}, "chat": chat}

    slow = [health("fair", "encoder-slow"), health("bad", "internet-slow", 81.0), health("good")] * 3
    retrying = {"type": "reconnecting", "since-at": at - 700, "lost-at": at, "retry-at": at + 12, "problem": lost}
    return [
        on_air(599, 9), on_air(601, 10), on_air(3600, 12_345), on_air(3600, None), on_air(36_001, 412), *slow,
        {"cover": "privacy"}, {"cover": "brb"}, {"cover": ""}, {"audio": muted}, {"problems": [full]},
        {"problems": [none, full]}, {"cover": "privacy", "problems": [full]}, {"problems": [], "cover": ""},
        {"live": retrying, "problems": [lost], **health("bad", "connection-lost")}, {"at": at + 1},
        {"live": {"type": "needs-key", "since-at": at - 700, "destination": "tiktok", "problem": lost}},
        {"live": {"type": "ending", "since-at": at - 700, "ends-at": at + 60}, "problems": []},
        {**on_air(3700, 0), **health("good", "", None), "at": at + 2, "canvas": {**box.state["canvas"], "width": 1920}},
        {"destinations": [{**first, "sent-frames": first["sent-frames"] + 60}], "at": at + 9},
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "size",
    [(390, 844), *only_long(((844, 390),), ((320, 568),), ((1280, 800),))],
)
def test_nothing_moves_while_live(browser: Browser, box: FakeBox, size: tuple[int, int]) -> None:
    """By the browser's own layout-shift entries, and by where each thing to press lies."""
    live(box)
    kind = {"viewport": {"width": size[0], "height": size[1]}, "has_touch": True}
    with device(browser, kind, reduced_motion="reduce") as context:
        page = opened(context, box.url)
        page.wait_for_selector("#go.is-live")
        page.wait_for_selector(".screen img:not([hidden])")
        show(page, box, 0, problems=[{"code": "disk-full", "text": "x", "hints": [], "facts": {}}])
        page.wait_for_selector(".problem-text:has-text('disk')")  # with the words of problems
        show(page, box, 1, problems=[])
        page.evaluate(WATCH)
        places = where(page)
        for number, state in enumerate(evening(box), 2):
            show(page, box, number, **state)
            assert page.evaluate("window.settled()") == [], state
            assert where(page) == places, state
        page.evaluate("document.querySelector('#bar').prepend(document.createElement('textarea'))")
        assert page.evaluate("window.settled()") != [], "what moves is seen"
        assert_quiet(page)


def where(page: Page) -> list[Any]:
    """The places of everything that a thumb may be on its way to."""
    return [
        page.evaluate(PLACE, f"#{name}") for name in ("quick-privacy", "quick-mute", "quick-brb", "quick-clip", "go")
    ]


def show(page: Page, box: FakeBox, number: int, **state: Any) -> None:
    """Sends a state and waits until it is drawn; its name says which."""
    box.change(**state, name=f"state-{number:02}")
    page.wait_for_function("name => document.querySelector('.box-name').textContent === name", arg=f"state-{number:02}")


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [SIZES, pytest.param(LARGE, marks=pytest.mark.long)], ids=["phone", "large"])
def test_privacy_is_one_tap_on_every_screen_and_always_there(
    browser: Browser, box: FakeBox, sizes: list[tuple[int, int]]
) -> None:
    live(box)
    # On a phone that only stands there nothing can be pressed.
    ways = sorted({screen.path.removeprefix("/") or "#/" for screen in SCREENS} - {"#/monitor"})
    assert len(ways) > 12
    places: dict[tuple[int, int], set[tuple[int, ...]]] = {}
    with device(browser, {"has_touch": True}, reduced_motion="reduce", locale="es-ES") as context:
        page = opened(context, box.url)
        page.wait_for_selector("#go.is-live")
        for way in ways:
            page.evaluate("way => { location.hash = way; }", way)
            screen, _, inner = way.removeprefix("#/").partition("/")
            page.wait_for_selector(f"body[data-screen={screen or 'home'}]")
            shown = f'plug-settings-page[page="{inner}"] > :last-child:defined' if inner else "#screen > :first-child"
            page.wait_for_selector(shown, state="attached")
            for width, height in sizes:
                resize(page, width, height)
                page.wait_for_function(ON_TOP, arg="#quick-privacy")  # once the new size is laid out
                places.setdefault((width, height), set()).add(tuple(page.evaluate(PLACE, "#quick-privacy")))
        for size, ((x, y, width, height), *others) in places.items():
            assert not others, (size, "it is at other places, too")
            assert min(x, y, size[0] - x - width, size[1] - y - height) >= 0
            assert width >= 200
            assert height >= 44
        page.tap("#quick-privacy")
        box.until(lambda fake: fake.commands == [{"do": "privacy", "on": True}])
        assert_quiet(page)


def test_trouble_is_seen_from_every_screen(phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    page = opened(phone, f"{box.url}/#/clips")
    home = page.locator("plug-ways a").first
    expect(home).to_have_text("Home")
    box.change(problems=[{"code": "disk-full", "text": "The disk is full.", "hints": [], "facts": {}}])
    expect(home).to_have_text("Home: What is wrong now")
    expect(home.locator("use")).to_have_attribute("href", "#i-triangle-alert")
    home.tap()
    expect(page.locator(".problem-text")).to_be_visible()
    expect(home).to_have_text("Home")
    page.locator("plug-ways a").nth(1).tap()
    expect(home).to_have_text("Home: What is wrong now")


def test_what_is_pressed_looks_pressed(phone: BrowserContext, box: FakeBox) -> None:
    """On and off differ in what they are made of, and what deletes for good is graver than what asks."""
    live(box)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.is-live")
    colour = "one => getComputedStyle(document.querySelector(one)).backgroundColor"
    for one, press in (("#quick-mute", "mute"), ("#quick-brb", "brb"), ("#quick-privacy", "privacy")):
        before = page.evaluate(colour, one)
        page.tap(one)
        page.wait_for_selector(f"{one}[aria-pressed=true]")
        page.wait_for_function(f"([one, before]) => ({colour})(one) !== before", arg=[one, before])
        assert names(box)[-1] == press
    page.goto(f"{box.url}/#/clips")
    delete = page.locator(".clip .danger").first
    delete.tap()
    expect(delete).to_have_text("Really delete")
    expect(delete).to_have_css("background-color", "rgb(216, 30, 67)")


FOCUS = (
    "document.activeElement === document.body ? '' : document.activeElement.id || document.activeElement.textContent"
)


def tab_to(page: Page, wanted: str) -> None:
    """Goes there by the Tab key alone, as far as a whole round."""
    for _ in range(40):
        if page.evaluate(FOCUS) == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached; the focus is on {page.evaluate(FOCUS)!r}")


def test_the_first_evening_by_keyboard_alone_and_the_focus_is_never_lost(
    still_phone: BrowserContext, box: FakeBox
) -> None:
    box.is_open = False
    page = opened(still_phone, box.link)
    page.wait_for_selector("#go.does-paste")
    tab_to(page, "go")
    page.keyboard.press("Enter")
    page.wait_for_selector("#paste-tiktok:focus")
    page.keyboard.insert_text("rtmp://push.example/live/ stream-1?expire=1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.clock.run_for(1)
    page.wait_for_selector("#go.does-go")
    assert page.evaluate(FOCUS), "the step is over, and its field with it"
    tab_to(page, "go")
    for word in ("Press again to go LIVE", "Hold to end"):
        page.clock.run_for(400)
        page.keyboard.press("Enter")
        expect(page.locator(".go-action")).to_have_text(word)
    assert page.evaluate(FOCUS) == "go"
    live(box)
    box.change(problems=[{"code": "disk-full", "text": "x", "hints": [], "facts": {}}])
    page.wait_for_selector(".problem")
    tab_to(page, "quick-privacy")
    page.keyboard.press("Enter")
    page.wait_for_selector("#quick-privacy[aria-pressed=true]")
    page.locator(".put-away").focus()
    page.keyboard.press("Enter")
    expect(page.locator("plug-problem")).to_be_hidden()
    assert page.evaluate(FOCUS), "what was put away had it"
    assert names(box) == ["paste-key", "go-live", "privacy"]
    assert_quiet(page)
