"""The page on the phones that people hold, and its own word where it cannot run: never that the box does not answer."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from appliance.panel.page_files import AS_IT_IS, STATIC, page_file
from tests.browser import npm, older
from tests.browser.chromium import assert_quiet, device, opened
from tests.browser.fakebox import PIN, FakeBox
from tests.browser.older import make_old, style_of_old, taken_away
from tests.browser.screens import SCREENS, live, ready, show
from tests.browser.thumb import hold_in_real_time, names, paste
from tests.long_run import only_long

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NEEDS = "It needs Safari of iOS 15, Chrome 103, Firefox 115 or a newer one"
IPHONE = ("MediaSource", "WebKitMediaSource", "SourceBuffer")
"""What no iPhone before iOS 17.1 has: a way to play packets as they come."""


def test_it_is_really_taken_away(old: BrowserContext, box: FakeBox) -> None:
    page = opened(old, box.url)
    there = [*older.NAMED, *older.METHODS, *older.GLOBALS, *older.PROPERTIES]
    left = page.evaluate(
        """names => names.filter((name) => {
            const parts = name.split("."), last = parts.pop();
            const holder = parts.reduce((one, part) => one?.[part], globalThis);
            return holder && last in holder;
        })""",
        there,
    )
    assert left == []
    assert "dvh" in (STATIC / "base.css").read_text()
    assert "dvh" not in style_of_old("base.css")


def test_pairing_and_a_live_from_beginning_to_end(old: BrowserContext, box: FakeBox) -> None:
    box.is_open = False
    page = opened(old, box.url)
    page.fill("#pin", PIN[:-1] + "0")
    expect(page.locator("#door .reply")).to_contain_text("not the PIN")
    page.fill("#pin", PIN)
    page.wait_for_selector("#go.does-paste")
    page.tap("#go")
    paste(page, "rtmp://push.example/live/ stream-1?expire=1")
    page.wait_for_selector("#go.does-go")
    hold_in_real_time(page, until="#go.does-end")
    live(box)
    expect(page.locator(".state")).to_contain_text("LIVE")
    page.tap("#quick-privacy")
    expect(page.locator(".cover")).to_contain_text("viewers see no game")
    hold_in_real_time(page, until="#go.does-undo")
    assert [name for name in names(box) if name != "privacy"] == ["paste-key", "go-live", "end-live"]
    assert_quiet(page)


def test_pairing_by_the_link_and_coming_back_after_silence(old: BrowserContext, box: FakeBox) -> None:
    box.is_open = False
    page = opened(old, box.link)
    page.wait_for_selector("#go.does-paste")
    box.stop()
    expect(page.locator(".go-word")).to_have_text("No answer")
    box.restart()
    expect(page.locator(".go-word")).not_to_have_text("No answer")
    assert_quiet(page)


def test_every_screen_is_there(old: BrowserContext, box: FakeBox) -> None:
    page = opened(old, "about:blank")
    for screen in SCREENS:
        show(box, page, screen)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, screen.name
        expect(page.locator("#unable")).to_be_hidden()
    assert_quiet(page)


def test_the_picture_is_the_page_and_leaves_room_for_the_rest(old: BrowserContext, box: FakeBox) -> None:
    live(box)
    page = opened(old, box.url)
    page.wait_for_selector(".screen img:not([hidden])")
    size = page.locator(".screen").first.bounding_box()
    assert size is not None
    assert 540 < size["height"] < 600, "two thirds of a phone of 844"
    assert size["width"] == pytest.approx(size["height"] * 9 / 16, abs=1)
    expect(page.locator("#quick-privacy")).to_be_in_viewport(ratio=1)


def test_an_iphone_without_moving_video_shows_pictures_and_says_why(browser: Browser, box: FakeBox) -> None:
    with device(browser) as iphone:
        make_old(iphone, *IPHONE)
        live(box)
        page = opened(iphone, box.url)
        expect(page.locator("plug-preview .why")).to_contain_text("this browser cannot play the moving one")
        page.wait_for_selector(".screen img:not([hidden])")
        expect(page.locator(".state")).to_contain_text("LIVE")
        assert_quiet(page)


def unable(page: Page, *words: str) -> None:
    """The page says that it cannot, in both languages, and nothing else blames the box."""
    card = page.locator("#unable")
    expect(card).to_be_visible()
    for word in words:
        expect(card).to_contain_text(word)
    expect(card.locator("[lang=es]:visible")).to_have_count(1)
    assert "does not answer" not in page.inner_text("body")


@pytest.mark.parametrize(
    "lacks",
    [
        "customElements", "HTMLScriptElement.prototype.noModule",
        *only_long(
            "Response.prototype.body", "String.prototype.replaceAll", "IntersectionObserver", "AbortController",
            "TextDecoder", "ReadableStream.prototype.getReader", "Element.prototype.replaceChildren",
            "localStorage", "Element.prototype.toggleAttribute",
        ),
    ],
)  # fmt: skip
def test_what_the_page_cannot_do_without_is_named(old: BrowserContext, box: FakeBox, lacks: str) -> None:
    ready(box)
    page = old.new_page()
    page.add_init_script(taken_away(lacks))
    page.goto(box.url)
    unable(page, NEEDS, "Nothing is wrong with the box")


def served(page: Page, path: str, change: Callable[[str], str]) -> None:
    """Another text for a file of the page."""

    def answer(route: Route) -> None:
        text = page_file(path).coded[AS_IT_IS].decode()
        route.fulfill(body=change(text), content_type="text/javascript")

    page.route(f"**/static/{path}", answer)


SYNTAX, CALL = "class Newer { newer ~ syntax }\n", "globalThis.newerThanThisBrowser();\n"


@pytest.mark.parametrize(
    ("path", "newer"),
    [
        ("main.js", SYNTAX), ("main.js", CALL), ("sentences/en/first.js", SYNTAX),
        *only_long(("sentences/en/first.js", CALL)),
    ],
)  # fmt: skip
def test_a_script_that_cannot_be_read_or_run_is_no_silence(
    phone: BrowserContext, box: FakeBox, path: str, newer: str
) -> None:
    ready(box)
    page = phone.new_page()
    served(page, path, lambda text: newer + text)
    page.goto(box.url)
    unable(page, NEEDS)
    assert re.search(r"\(.*(?:token|Unexpected|not a function).*\)", page.inner_text("#unable"))


def test_a_piece_that_breaks_later_is_said_too(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    breaks = "draw(state) { if (state.live.type !== 'off') state.nothing.toSorted();"
    page = phone.new_page()
    served(page, "main.js", lambda text: text.replace("draw(state) {", breaks))
    page.goto(box.url)
    page.wait_for_selector("#go.does-go")
    expect(page.locator("#unable")).to_be_hidden()
    live(box)
    unable(page, NEEDS)


@pytest.mark.parametrize("path", ["main.js", "sentences/en/first.js"])
def test_a_part_that_did_not_arrive_is_not_the_browsers_fault(phone: BrowserContext, box: FakeBox, path: str) -> None:
    page = phone.new_page()
    page.route(f"**/static/{path}", lambda route: route.abort())
    page.goto(box.url)
    unable(page, "did not arrive. Reload the page")
    assert NEEDS not in page.inner_text("body")


def test_a_style_sheet_that_nobody_waited_for_is_not_the_browsers_fault(phone: BrowserContext, box: FakeBox) -> None:
    page = phone.new_page()
    page.route("**/static/main.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(box.url)
    page.evaluate("void Promise.reject(new TypeError('dynamically imported style'))")
    unable(page, "did not arrive. Reload the page")
    assert NEEDS not in page.inner_text("body")


def test_a_box_that_is_away_is_no_fault_of_the_browser(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    page = opened(phone, box.url)
    page.wait_for_selector("#go.does-go")
    box.stop()
    expect(page.locator(".go-word")).to_have_text("No answer")
    expect(page.locator("#unable")).to_be_hidden()


SCRIPTS = sorted(STATIC.rglob("*.js"))
EXCEPTIONS = {"ManagedMediaSource", ".clipboard", ".wakeLock"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(STATIC)))
def test_no_script_needs_what_is_newer(script: Path) -> None:
    found = older.SCRIPT.findall(code(str(script.relative_to(STATIC))))
    assert [one for one in found if one not in EXCEPTIONS] == []


def test_neither_style_nor_page_needs_what_is_newer() -> None:
    for file in STATIC.glob("*.css"):
        assert older.STYLE.findall(older.SUPPORTS.sub("", file.read_text())) == [], file.name
    assert older.PAGE.findall((STATIC / "index.html").read_text()) == []


def test_the_script_that_tells_runs_in_browsers_of_any_age() -> None:
    assert not re.search(r"=>|`|\b(?:let|const|class|async|await|import)\b|\?\.|\?\?|\.\.\.|,\s*\)", code("start.js"))


def code(path: str) -> str:
    """A script without its comments."""
    return re.sub(r"^\s*(?://.*|/\*.*\*/\s*)$", "", (STATIC / path).read_text(), flags=re.MULTILINE)


def newer_syntax(*files: Path) -> str:
    """What an old browser cannot even read, by TypeScript's parser."""
    script = Path(__file__).with_name("newer_syntax.js")
    command = ["node", str(script), str(npm.installed("typescript")), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout


def test_every_script_can_be_read() -> None:
    assert newer_syntax(*SCRIPTS) == ""


NEWER = {
    "class A { static { a(); } }": "static block",
    "const a = /(?<=b)c/;": "pattern that looks behind",
    "const a = /(?<!b)c/u;": "pattern that looks behind",
    "const a = /[a--b]/v;": "flag of a pattern: v",
    "const a = /(?i:b)/;": "flags within a pattern",
    "import a from './a.json' with { type: 'json' };": "import attributes",
    "{ using a = b(); }": "using",
    "@a class B {}": "decorator",
    "export {}; await a();": "await outside of functions",
}


def test_the_reader_finds_what_is_newer(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.js" for number in range(len(NEWER))]
    for file, text in zip(files, NEWER, strict=True):
        file.write_text(text)
    assert newer_syntax(*files).splitlines() == [
        f"{file}:1 {what}" for file, what in zip(files, NEWER.values(), strict=True)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "signal: AbortSignal.any([a, b])", "AbortSignal.timeout(5)", "a.findLast((b) => b)", "a.toSorted()",
        "a.with(0, 1)", "a.at(-1)", "Object.groupBy(a, b)", "Object.hasOwn(a, b)", "Promise.withResolvers()",
        "structuredClone(a)", "new TextDecoderStream()", "a.inert = true", "a.showModal()", "signal.reason",
        "navigator.clipboard.write(a)", "crypto.randomUUID()", "a.requestVideoFrameCallback(b)",
        "text.replace(/(?<=a)b/, c)",
    ],
)  # fmt: skip
def test_the_search_finds_what_is_newer(text: str) -> None:
    assert older.SCRIPT.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "a:has(b){c:d}", "@container (a){}", ".a{&:hover{b:c}}", "a{height:50dvh}", "a{color:color-mix(in srgb, b, c)}",
        "@media (width >= 900px){}", "@layer a{}", "a{scale:2}",
    ],
)  # fmt: skip
def test_the_search_finds_newer_styles(text: str) -> None:
    assert older.STYLE.search(text)


def test_what_is_taken_away_is_gone_and_nothing_else(browser: Browser) -> None:
    with device(browser) as context:
        context.add_init_script(taken_away("TextDecoder"))
        page = context.new_page()
        page.goto("data:text/html,<p>")
        gone = "[typeof AbortSignal.any, typeof [].toSorted, typeof TextDecoder, typeof AbortController]"
        assert page.evaluate(gone) == ["undefined", "undefined", "undefined", "function"]
