"""What the page costs on its way, in bytes as Chromium counts them (headers, too), and when which part is fetched.

Pictures, the feed and commands are not counted: they are what the page is for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from appliance.panel import first_screen
from appliance.panel.page_files import STATIC, page_files
from tests.browser.chromium import assert_quiet, device, opened
from tests.browser.fakebox import PIN, FakeBox
from tests.browser.screens import SCREENS, live, protected, ready

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FIRST_SCREEN = 45_000
WORDS_OF_PROBLEMS = 5_000
WHOLE_PAGE = 120_000
RESERVED = 14_000
"""Of the whole, for the editor of scenes."""
ONCE_MORE = 12_000
DOOR = 60_000
LANGUAGES = {"en": "en-US", "es": "es-ES"}
WAYS = sorted({screen.path.removeprefix("/") for screen in SCREENS} - {""})
ELSEWHERE = {"/static/https.js", "/static/icon-180.png", "/static/icon-512.png", "/static/plugcast.webmanifest"}
"""What stands in place of the page, and what a phone asks for when it puts the page on its home screen."""
PARTS_OF_ONE = {f"/static/{name}" for name in (*first_screen.modules(STATIC)[:-1], *first_screen.STYLES)}
"""They travel as one script and one style sheet; who comes later may ask for some by name."""


class Scale:
    """Weighs what a page fetches of itself: `weights` in bytes by address, `answers` by status."""

    def __init__(self, page: Page) -> None:
        self.weights: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self._asked: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights.total()

    def _answered(self, event: dict[str, Any]) -> None:
        path = urlsplit(event["response"]["url"]).path
        if path == "/" or path.startswith("/static/"):
            self._asked[event["requestId"]] = path
            self.answers[event["response"]["status"]] += 1

    def _finished(self, event: dict[str, Any]) -> None:
        path = self._asked.pop(event["requestId"], "")
        if path:
            self.weights[path] += int(event["encodedDataLength"])


@contextmanager
def weighed(browser: Browser, language: str = "en") -> Iterator[tuple[Page, Scale]]:
    with device(browser, locale=LANGUAGES[language]) as context:
        page = opened(context, "about:blank")
        yield page, Scale(page)


def at_home(page: Page) -> None:
    """The first screen is there with its picture, and nothing of the page is still on its way."""
    page.wait_for_selector(".screen img:not([hidden])")
    page.wait_for_selector("#go:not(.is-bad)")
    page.wait_for_load_state("load")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("prepare", "most"),
    [
        pytest.param(lambda _: None, FIRST_SCREEN, id="new", marks=pytest.mark.long),
        pytest.param(ready, FIRST_SCREEN, id="ready"),
        pytest.param(protected, FIRST_SCREEN + WORDS_OF_PROBLEMS, id="problem"),
    ],
)
def test_the_first_screen_is_light(browser: Browser, box: FakeBox, language: str, prepare: Any, most: int) -> None:
    prepare(box)
    with weighed(browser, language) as (page, scale):
        page.goto(box.url)
        at_home(page)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        print(f"{scale.total} bytes in {len(scale.weights)} requests; first paint after {paint or 0:.0f} ms")
        assert scale.weights["/"] > 0
        assert scale.total <= most
        assert_quiet(page)


def test_the_door_is_light(browser: Browser, box: FakeBox) -> None:
    box.is_open = False
    with weighed(browser) as (page, scale):
        page.goto(box.url)
        page.wait_for_selector("#pin")
        print(f"{scale.total} bytes in {len(scale.weights)} requests")
        assert scale.total <= DOOR


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.long), "es"])
def test_every_screen_together_leaves_room_for_more(browser: Browser, box: FakeBox, language: str) -> None:
    box.is_open = False
    live(box)
    with weighed(browser, language) as (page, scale):
        page.goto(box.url)
        page.fill("#pin", PIN)
        at_home(page)
        for way in WAYS:
            page.evaluate("(way) => { location.hash = way; }", way)
            tag = "plug-settings-page > :last-child" if way.count("/") == 2 else f"plug-{way.removeprefix('#/')}"
            page.wait_for_selector(f"#screen {tag}:defined")
        page.evaluate("import('/static/lib/words.js').then((words) => words.loadWords('answers'))")  # as a refusal does
        others = {path for path in page_files() if path.count("/") == 4 and f"/{language}/" not in path}
        wanted = page_files().keys() - others - ELSEWHERE - PARTS_OF_ONE
        print(f"{scale.total} bytes in {len(scale.weights)} requests")
        assert wanted - scale.weights.keys() == set(), "what no screen shows is not weighed"
        assert scale.total <= WHOLE_PAGE - RESERVED
        assert max(scale.weights[path] for path in wanted if path != "/static/main.js") < 10_000
        assert_quiet(page)


def test_a_page_that_is_known_costs_little(browser: Browser, box: FakeBox) -> None:
    ready(box)
    with weighed(browser) as (page, scale):
        page.goto(box.url)
        at_home(page)
        first = scale.total
        scale.weights.clear()
        scale.answers.clear()
        page.goto("about:blank")
        page.goto(box.url)
        at_home(page)
        print(f"{first} bytes, and {scale.total} when it is known")
        assert scale.total <= ONCE_MORE


def test_what_is_not_of_the_first_screen_comes_when_it_is_opened(browser: Browser, box: FakeBox) -> None:
    ready(box)
    with weighed(browser) as (page, scale):
        page.goto(box.url)
        at_home(page)
        later = {
            *(f"/static/pieces/{name}.js" for name in ("key", "paste", "looks", "sound", "clips", "chat", "messages")),
            *(f"/static/pieces/{name}.js" for name in ("settings", "pairing", "doctor")),
            "/static/box/en/problems.js", "/static/sentences/en/screens.js", "/static/sentences/en/settings.js",
            "/static/screens.css", "/static/chat.css", "/static/lib/chat.js", "/static/lib/video.js",
            "/static/lib/settings.js",
        }  # fmt: skip
        assert later & scale.weights.keys() == set()
        page.tap("plug-ways a[href='#/looks']")
        page.wait_for_selector(".look-full")
        assert later & scale.weights.keys() == {
            "/static/pieces/looks.js", "/static/screens.css", "/static/lib/settings.js",
            "/static/box/en/problems.js", "/static/sentences/en/screens.js", "/static/sentences/en/settings.js",
        }  # fmt: skip
        page.tap("plug-ways a[href='#/']")
        page.wait_for_selector("#screen plug-home")
        with page.expect_response("**/lib/video.js"):
            live(box)


@pytest.mark.parametrize(
    ("language", "away", "looks"),
    [
        pytest.param("en", "did not arrive: the box does not answer", "How your game", marks=pytest.mark.long),
        ("es", "Vendrá sola", "Cómo se ve"),
    ],
)
def test_a_screen_of_a_box_that_is_away_comes_by_itself(
    browser: Browser, box: FakeBox, language: str, away: str, looks: str
) -> None:
    ready(box)
    with weighed(browser, language) as (page, _):
        page.goto(box.url)
        at_home(page)
        box.stop()
        page.tap("plug-ways a[href='#/looks']")
        card = page.locator("#screen [role=alert]")
        expect(card).to_contain_text(away)
        expect(page.locator("#unable")).to_be_hidden()
        box.restart()
        page.wait_for_selector("#screen .look-full")
        expect(page.locator("#screen h2")).to_contain_text(looks)


def test_who_goes_on_meanwhile_is_not_thrown_out(browser: Browser, box: FakeBox) -> None:
    ready(box)
    with weighed(browser) as (page, _):
        page.goto(box.url)
        at_home(page)
        box.stop()
        page.tap("plug-ways a[href='#/looks']")
        expect(page.locator("#screen [role=alert]")).to_be_visible()
        page.tap("plug-ways a[href='#/']")
        page.wait_for_selector("#screen plug-home")
        page.evaluate("globalThis.isTheSamePage = true")
        box.restart()
        page.wait_for_selector("#go.does-go")
        page.wait_for_selector("#screen plug-home")
        assert page.evaluate("globalThis.isTheSamePage")


BROKEN = {
    "aborted": None,
    "of another release": 'import { nothingOfTheKind } from "../lib/all.js"; nothingOfTheKind();',
}


PARTS = ("pieces/sound.js", "lib/settings.js", "sentences/en/screens.js", "screens.css")
# A style sheet imports nothing, so that none is of another release.
LOST = [
    pytest.param(part, why, marks=() if part == PARTS[number] else pytest.mark.long)
    for number, (why, text) in enumerate(BROKEN.items())
    for part in PARTS
    if not (text and part.endswith(".css"))
]
"""Each way with one of them always; with the others in the long run."""


@pytest.mark.parametrize(("part", "why"), LOST)
def test_a_part_that_did_not_arrive_is_said_and_a_reload_brings_it(
    phone: BrowserContext, box: FakeBox, part: str, why: str
) -> None:
    text = BROKEN[why]
    ready(box)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-go")
    address = f"**/static/{part}"
    page.route(address, lambda way: way.fulfill(body=text, content_type="text/javascript") if text else way.abort())
    page.tap("plug-ways a[href='#/sound']")
    card = page.locator("#screen [role=alert]")
    expect(card).to_contain_text("did not arrive. Reload the page. A LIVE goes on.")
    expect(page.locator("#unable")).to_be_hidden()
    page.unroute(address)
    card.locator("button").tap()
    page.wait_for_selector("plug-sound .bars")


def test_a_screen_that_the_browser_cannot_run_is_the_browsers_fault(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-go")
    page.route("**/pieces/sound.js", lambda way: way.fulfill(body="class { newer ~ }", content_type="text/javascript"))
    page.tap("plug-ways a[href='#/sound']")
    expect(page.locator("#unable")).to_contain_text("This browser cannot run this page")


def test_a_problem_is_said_in_the_readers_language_as_soon_as_there_is_one(browser: Browser, box: FakeBox) -> None:
    ready(box)
    with weighed(browser, "es") as (page, scale):
        page.goto(box.url)
        at_home(page)
        assert "/static/box/es/problems.js" not in scale.weights
        box.change(problems=[{"code": "disk-full", "text": "The disk is full.", "hints": [], "facts": {}}])
        expect(page.locator(".problem-text")).to_contain_text("disco")
        assert "/static/box/es/problems.js" in scale.weights
