"""The preview: single pictures, moving video close to real time, and a named reason when there is none."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chromium import assert_quiet, opened, pass_time
from tests.browser.fakebox import FakeBox
from tests.browser.screens import live, ready

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


# Every time the browser says that the picture has moved on: how far it is behind what the fake box makes, whose media
# time 0 was at `began`, in Unix seconds. Ends when the last `count` of them were in their middle below `below`: a busy
# machine may need a while to get there, a page that does not keep up never does.
BEHIND = """([began, count, below]) => new Promise((done) => {
    const video = document.querySelector("video"), seen = [];
    video.addEventListener("timeupdate", () => {
        seen.push(Date.now() / 1000 - began - video.currentTime);
        const last = seen.slice(-count).sort((a, b) => a - b);
        if (last.length === count && last[Math.floor(count / 2)] < below) done(last);
    });
})"""


@pytest.fixture(autouse=True)
def _moving(box: FakeBox) -> None:
    box.missing.clear()


def test_single_pictures_come_while_somebody_looks(own_phone: BrowserContext, box: FakeBox) -> None:
    page = opened(own_phone, box.url)
    page.wait_for_selector(".screen img:not([hidden])")
    first = page.locator(".screen img").first.get_attribute("src")
    expect(page.locator(".screen img").first).not_to_have_attribute("src", first or "")
    page.goto(f"{box.url}/#/clips")
    page.wait_for_selector(".clip")
    page.clock.install()
    pass_time(page, 1000)
    box.until(lambda fake: fake.busy == 0)
    before = box.hits["/api/preview.jpg"]
    pass_time(page, 10_000)
    assert box.hits["/api/preview.jpg"] == before, "nobody sees the preview on this screen"
    assert_quiet(page)


@pytest.mark.long  # a figure: a busy machine is slower
def test_moving_video_is_within_a_second_of_real_time(phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    page = opened(phone, box.url)
    page.wait_for_selector(".screen video:not([hidden])")
    behind = page.evaluate(BEHIND, [box.movie_at, 12, 1.0])
    print(f"behind real time: {behind[len(behind) // 2]:.2f} s in the middle, {behind[-1]:.2f} s at most")
    assert box.hits["/api/preview.mp4"] == 1
    assert_quiet(page)


def test_after_a_stall_it_catches_up(phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    page = opened(phone, box.url)
    page.wait_for_selector(".screen video:not([hidden])")
    page.evaluate("document.querySelector('video').pause(); document.querySelector('video').currentTime = 0")
    page.evaluate(BEHIND, [box.movie_at, 1, 1.0])


def test_a_broken_video_is_named_at_once_and_pictures_go_on(phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    page = opened(phone, "about:blank")
    page.route(
        "**/api/preview.mp4", lambda route: route.fulfill(status=200, content_type="video/mp4", body=b"\0\0\0\4junk")
    )
    page.goto(box.url)
    expect(page.locator("plug-preview .why")).to_have_text("Slower picture: the moving one could not be played.")
    expect(page.locator(".screen img").first).to_be_visible()


def test_a_silent_video_is_named_within_five_seconds(still_phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    box.movie_speed = 0.000001  # it says how it begins, and then no frame ever
    page = opened(still_phone, box.url)
    page.wait_for_selector("#go.is-live")
    box.until(lambda fake: fake.hits.get("/api/preview.mp4", 0) > 0)
    page.clock.run_for(4900)
    expect(page.locator("plug-preview .why")).to_have_text("")
    page.clock.run_for(600)
    expect(page.locator("plug-preview .why")).to_have_text("Slower picture: the moving one did not come in time.")
    page.clock.resume()  # a picture that fails is asked for again a moment later
    expect(page.locator(".screen img").first).to_be_visible()


def test_the_boxs_own_reason_is_said(phone: BrowserContext, box: FakeBox) -> None:
    live(box)
    page = opened(phone, "about:blank")
    refusal = '{"code": "engine-not-running", "facts": {}, "text": "Starting."}'
    page.route(
        "**/api/preview.mp4", lambda route: route.fulfill(status=503, content_type="application/json", body=refusal)
    )
    page.goto(box.url)
    expect(page.locator("plug-preview .why")).to_contain_text("The picture part is starting")


def test_no_picture_at_all_has_a_reason(phone: BrowserContext, box: FakeBox) -> None:
    ready(box)
    page = opened(phone, "about:blank")
    refusal = '{"code": "no-preview", "facts": {}, "text": "None."}'
    page.route(
        "**/api/preview.jpg", lambda route: route.fulfill(status=503, content_type="application/json", body=refusal)
    )
    page.goto(box.url)
    expect(page.locator(".screen p").first).to_have_text("There is no picture yet. The box is starting.")
