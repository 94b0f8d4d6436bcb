"""Every screen of the page and the states worth seeing, as rows: a name, what the fake box is made to show, where."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser import fakechat
from tests.browser.fakebox import FakeBox
from tests.browser.fakestate import destination, fresh_state


@dataclass(frozen=True)
class Screen:
    """One thing to look at. `shown` is a selector that is there when it is."""

    name: str
    path: str
    shown: str
    prepare: Callable[[FakeBox], None] = lambda _: None
    act: Callable[[Page], object] = lambda _: None


def ready(box: FakeBox) -> None:
    """Today's key is in."""
    rows = fresh_state()["readiness"]
    rows[2] = {"name": "tiktok", "state": "ok", "text": "Key is ready.", "code": ""}
    known = {"host": "push-rtmp.tiktok.example", "key-last4": "f4c2", "key-expires-at": int(time.time()) + 7200}
    box.change(readiness=rows, destinations=[destination("tiktok", "tiktok", **known)])


def live(box: FakeBox) -> None:
    """On air for twelve minutes, with a slow line."""
    ready(box)
    (first,) = box.state["destinations"]
    box.change(
        live={"type": "on-air", "since-at": box.state["at"] - 761},
        destinations=[{**first, "state": "publishing", "kbps": 3100, "sent-frames": 22_000}],
        chat={**box.state["chat"], "viewers": 412},
    )


def slow(box: FakeBox) -> None:
    live(box)
    box.change(health={"verdict": "fair", "cause": "internet-slow", "temperature-c": 71.0, "load": 0.5})


def refused(box: FakeBox) -> None:
    """The server wants another key in the middle of a live."""
    live(box)
    facts = {"destination": "tiktok", "host": "push-rtmp.tiktok.example", "said": "no"}
    problem = {"code": "stream-key-refused", "text": "Refused.", "hints": [], "facts": facts}
    rows = fresh_state()["readiness"]
    rows[2] = {"name": "tiktok", "state": "bad", "text": "Paste a new key.", "code": "stream-key-refused"}
    needs = {"type": "needs-key", "since-at": box.state["at"] - 761, "destination": "tiktok", "problem": problem}
    box.change(live=needs, problems=[problem], readiness=rows)


def protected(box: FakeBox) -> None:
    """The console protects its picture, and the disk is full."""
    rows = fresh_state()["readiness"]
    rows[0] = {"name": "game", "state": "warn", "text": "The picture is black.", "code": "black"}
    hints = ["PS5: Settings > System > HDMI > Enable HDCP: off.", "Xbox and Switch: close the video app."]
    black = {"code": "black", "text": "Only black.", "hints": hints, "facts": {}}
    full = {"code": "disk-full", "text": "The disk is full.", "hints": [], "facts": {}}
    box.change(readiness=rows, problems=[black, full])


def recording(box: FakeBox) -> None:
    box.change(record={**box.state["record"], "state": "recording", "written-s": 95})


def tested(box: FakeBox) -> None:
    advice = {"text": "Fits.", "preset": "720p30", "size": "720x1280", "fps": 30, "bitrate-kbps": 3400}
    box.change(uplink={"state": "ok", "kbps": 6200, "at": time.time(), "advice": advice})


def several(box: FakeBox) -> None:
    ready(box)
    twitch = destination("twitch", "twitch", **{"host": "ingest.twitch.example", "key-last4": "9a0b", "enabled": False})
    box.change(destinations=[*box.state["destinations"], twitch])


def chatting(box: FakeBox) -> None:
    """Two platforms, one of which asks to wait, many messages, one pinned, two questions, a hidden viewer."""
    live(box)
    said = fakechat.crowd(60)
    waits = {
        "platform": "twitch",
        "status": "failed",
        "live": "unknown",
        "live-at": 0.0,
        "problem": {
            "code": "chat-unreachable",
            "text": "",
            "facts": {"platform": "twitch"},
            "retry-at": box.state["at"] + 25,
        },
    }
    zoe = {"id": "t:1", "name": "Zoe", "badges": ["moderator", "subscriber"]}
    said += [
        fakechat.message(90, text="what a night", platform="twitch", user=zoe),
        fakechat.message(91, text="buy at evil.example", hidden="link"),
        fakechat.message(92, "gift", gift=fakechat.gift(12, "Rose", is_open=True)),
        fakechat.message(93, "gift", gift=fakechat.gift(1, "Lion", 29_999)),
        fakechat.message(94, "join", count=4),
        fakechat.message(95, "follow"),
        *fakechat.crowd(3, 96),
    ]
    chat = fakechat.on(
        *said,
        pinned={"id": "", "name": "", "text": "Giveaway at 21:00, follow to be in it"},
        questions=[fakechat.message(1), fakechat.message(2)],
        totals={"follows": 12, "gifts": 31, "coins": 30_411, "likes": 4102},
    )
    chat["sources"].append(waits)
    box.change(chat=chat)


def _more(page: Page) -> None:
    page.click(".chat-more")


def _evenings(box: FakeBox) -> None:
    box.lives = [fakechat.evening(2), fakechat.evening(1)]


def _privacy(box: FakeBox) -> None:
    live(box)
    box.change(cover="privacy")


def _ending(box: FakeBox) -> None:
    live(box)
    now = box.state["at"]
    box.change(live={"type": "ending", "since-at": now - 761, "ends-at": now + 5})


def _to_phone(page: Page) -> None:
    page.locator(".clip button:has(use[href$='#i-qr-code'])").first.click()


def _hints(page: Page) -> None:
    """The box's own hints are English, and shown to those who read English."""
    if page.get_attribute("html", "lang") == "en":
        page.click(".problem summary")


def _sign_in(page: Page) -> None:
    page.locator("plug-account button").filter(visible=True).click()
    page.locator("plug-account").scroll_into_view_if_needed()


def _invite(page: Page) -> None:
    page.locator("plug-phones .buttons button:has(use[href$='#i-qr-code'])").first.click()


SCREENS = (
    Screen("pairing", "/", "#pin"),
    Screen("home", "/", ".screen img[src]"),
    Screen("home-zones", "/", ".zones", ready, lambda page: page.click(".zones-button")),
    Screen("home-live", "/", "#go.is-live", live),
    Screen("home-slow", "/", ".status.is-warn", slow),
    Screen("home-privacy", "/", ".cover", _privacy),
    Screen("home-ending", "/", "#go.does-undo", _ending),
    Screen("home-new-key", "/", ".problem", refused),
    Screen("home-problem", "/", ".problem", protected, _hints),
    Screen("key", "/#/key", "#paste-tiktok"),
    Screen("chat-start", "/#/chat", ".chat-start .setting input"),
    Screen("chat", "/#/chat", ".saying.is-gift", chatting),
    Screen("chat-more", "/#/chat", ".chat-sheet .buttons", chatting, _more),
    Screen("lives", "/#/lives", "details[open] .buttons", _evenings),
    Screen("monitor", "/#/monitor", ".saying.is-gift", chatting),
    Screen("looks", "/#/looks", ".look-full img[src]"),
    Screen("sound", "/#/sound", ".setting"),
    Screen("clips", "/#/clips", ".clip", recording),
    Screen("clips-qr", "/#/clips", ".qr", act=_to_phone),
    Screen("practice", "/#/practice", ".steps"),
    Screen("settings", "/#/settings", ".menu li:nth-child(6):not([hidden])"),
    Screen("doctor", "/#/settings/doctor", ".checks .row", tested),
    Screen("destinations", "/#/settings/destinations", ".switch", several),
    Screen("account", "/#/settings/destinations", "plug-account img", several, _sign_in),
    Screen("devices", "/#/settings/devices", ".setting"),
    Screen("phones", "/#/settings/phones", ".qr", act=_invite),
    Screen("basics", "/#/settings/basics", ".setting select"),
    Screen("backup", "/#/settings/backup", "#reset-pin"),
    Screen("every", "/#/settings/every", ".setting"),
    Screen("help", "/#/settings/help", ".log", act=lambda page: page.locator("plug-help button").last.click()),
)  # fmt: skip


AGAIN = """async way => {
    const { feed } = await import("/static/lib/feed.js");
    const before = feed.state;
    feed.again();
    while (feed.state === before || !feed.answered)
        await new Promise((done) => feed.addEventListener("state", done, { once: true }));
    localStorage.removeItem("plugcast-zones");
    sessionStorage.clear();
    document.querySelector("#screen").replaceChildren();
    location.hash = way;
    dispatchEvent(new HashChangeEvent("hashchange"));
}"""


def show(box: FakeBox, page: Page, screen: Screen) -> None:
    """Brings a page of an unpaired or paired browser to this screen; one that is in already reads the box anew."""
    box.is_open = screen.name != "pairing"
    box.state.update(fresh_state())
    screen.prepare(box)
    if box.is_open and page.url.startswith(box.url) and not page.locator("body.unpaired").count():
        page.evaluate(AGAIN, screen.path.removeprefix("/") or "#/")
    else:
        page.goto("about:blank")
        page.goto(f"{box.url}{screen.path}")
    if box.is_open:
        page.wait_for_selector("#app:not([hidden])")
    screen.act(page)
    page.wait_for_selector(screen.shown, state="attached" if "src" in screen.shown else "visible")
