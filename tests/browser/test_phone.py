"""A scripted phone with the real control and engine: from the link to a live on a real server, and the second one.

The console is the built-in test console, the server is nginx with its RTMP module.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import assert_quiet, device, opened
from tests.browser.thumb import hold_in_real_time, paste
from tests.running import RunningBox
from tests.servers import nginx as nginx_room
from tests.servers.nginx import Nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(nginx_room.missing()), reason=nginx_room.missing() or "nginx is there"),
]

TOML = """
[capture]
device = "test:320x180@30"
audio = "test"

[picture]
size = "360x640"
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with Nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    with RunningBox(tmp_path_factory.mktemp("box"), TOML) as box:
        yield box


def link(box: RunningBox) -> str:
    """A new one-time link, as the box prints it, with the address that the test's box listens on."""
    said = box.plugcast("token", "--link", "--config", str(box.config))
    return f"http://127.0.0.1:{box.port}/#{said.split('#', 1)[1].split()[0]}"


def pasted(server: Nginx, number: int) -> str:
    return f"Server URL: {server.server}\nStream key: stream-47{number}?expire={int(time.time()) + 7200}&sign=aB"


def go_live(page: Page, box: RunningBox) -> None:
    page.wait_for_selector("#go.does-go")
    hold_in_real_time(page, until="#go.does-end")
    page.wait_for_selector("#go.is-live")
    assert box.state()["live"]["type"] == "on-air", "LIVE is said when the server has accepted"


def end(page: Page) -> None:
    hold_in_real_time(page, until="#go:not(.does-end)")
    page.wait_for_selector("#go.is-idle, #go.is-ready")


def test_from_the_link_to_a_live_and_a_second_one(browser: Browser, running: RunningBox, nginx: Nginx) -> None:
    """How long the first paint and the first live take is printed, not asserted: this machine is not the box."""
    begun = time.monotonic()
    with device(browser) as phone:
        page = opened(phone, link(running))
        page.wait_for_selector(".screen img:not([hidden])")
        print(
            page.evaluate("performance.getEntriesByType('paint').map((one) => [one.name, Math.round(one.startTime)])")
        )
        expect(page.locator(".row").first).to_contain_text("a small or slow picture")  # of the cheapest console
        page.tap("plug-ways a[href='#/looks']")
        page.wait_for_selector(".look-fill img:not([hidden])")
        page.tap(".look-fill")
        running.until(lambda state: state["look"] == "fill")
        page.tap("plug-ways a[href='#/']")
        page.tap("#go.does-paste")
        expect(page.locator("#paste-tiktok")).to_be_focused()
        paste(page, pasted(nginx, 11))
        go_live(page, running)
        expect(page.locator(".state")).to_contain_text("LIVE")
        page.wait_for_selector(".tile:visible")
        end(page)
        print(f"from the link to the end of the first live: {time.monotonic() - begun:.1f} s")
        # The second live: the button leads to the key, paste, hold.
        page.tap("#go.does-paste")
        expect(page.locator("#paste-tiktok")).to_be_focused()
        paste(page, pasted(nginx, 12))
        go_live(page, running)
        end(page)
        assert_quiet(page)
    names = [hook.split("name=")[1].split("&")[0] for hook in nginx.hooks.publishes]
    assert names == ["stream-4711", "stream-4712"]


def test_the_page_lives_through_a_restart_of_control(browser: Browser, running: RunningBox, nginx: Nginx) -> None:
    with device(browser) as phone:
        page = opened(phone, link(running))
        running.do("paste-key", text=pasted(nginx, 13))
        go_live(page, running)
        control = next(one for one in psutil.Process(running.pid).children() if "control" in one.cmdline())
        control.kill()
        running.until(lambda state: state["live"]["type"] == "on-air")
        page.wait_for_selector("#go.is-live")
        expect(page.locator("#app")).to_be_visible()
        assert_quiet(page)
