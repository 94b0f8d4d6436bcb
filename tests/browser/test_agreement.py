"""The page and the State agree: a walker puts the fake box into random states and reads what the page says of each.

One page for all of them. What is read is what stands there after the page has drawn that very State, so no time passes
and nothing depends on how fast the machine is. The rules are about contradictions alone; the words themselves are read
from the page's own sentences, so that a sentence said anew is not one that is missed.
"""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import PHONE, assert_quiet, device, opened
from tests.browser.fakebox import FakeBox
from tests.browser.fakestate import destination, fresh_state

SEED, STATES, STEP_S = 20261129, 200, 10
TITLES = {"tiktok": "TikTok", "twitch": "Twitch", "youtube": "YouTube"}
COMMON = ("off", "on-air")
LIVES = (*COMMON, *COMMON, "preparing", "connecting", "reconnecting", "needs-key", "ending", "practicing")
KEYS = {"ok": ("", "key-expires"), "warn": ("key-used", "key-expired", "stream-key-refused"), "bad": ("needs-key",)}
COVERS = ("", "", "privacy", "back-soon")
VERDICTS = ("good", "fair", "bad", "unknown")

type Json = dict[str, Any]


def random_state(dice: random.Random, before: Json) -> Json:
    """One that control could show: what its parts say of each other is true. It is `STEP_S` after `before`."""
    state = copy.deepcopy(fresh_state())
    state["at"] = before["at"] + STEP_S
    platform, kind, key = dice.choice(list(TITLES)), dice.choice(LIVES), dice.choice(list(KEYS))
    if kind in {"on-air", "reconnecting", "connecting", "preparing", "ending"}:
        key = "ok"
    if kind == "needs-key":
        key = "bad"
    is_here, is_there, is_sending = dice.random() < 0.7, dice.random() < 0.85, dice.random() < 0.6
    code = "stream-key-refused" if kind == "needs-key" else dice.choice(KEYS[key])
    problem = {"code": code, "text": "X.", "hints": [], "facts": {"destination": platform}} if key == "bad" else None
    live: Json = {"type": kind, "since-at": state["at"] - 60}
    if kind in {"needs-key", "connecting", "reconnecting"}:
        live |= {"problem": problem, "destination": platform}
    if kind == "ending":
        live["ends-at"] = state["at"] + dice.choice((-1, 5))
    sent = before["destinations"][0]["sent-frames"] + (300 if kind == "on-air" and is_sending else 0)
    state |= {
        "live": live,
        "cover": dice.choice(COVERS),
        "destinations": [
            destination(
                platform, platform, problem=problem, host="push.example" if key != "bad" else "",
                **{"key-last4": "f4c2" if key != "bad" else "", "sent-frames": sent,
                   "state": "publishing" if kind == "on-air" else "off"},
            )
        ],
        "problems": [problem] if problem else [],
        "engine": {**state["engine"], "connected": is_there},
        "health": {**state["health"], "verdict": dice.choice(VERDICTS) if is_there else "unknown"},
    }  # fmt: skip
    state["signal"] |= {"state": "picture", "cause": "none"} if is_here else {"state": "slate", "cause": "no-cable"}
    rows = {row["name"]: row for row in state["readiness"]}
    rows["tiktok"] |= {"state": key, "code": code, "text": "X."}
    if not is_here:
        rows["game"] |= {"state": "warn", "code": "no-cable", "text": "X."}
    return state


READ = """() => {
    const seen = [...document.querySelectorAll('#app *')].filter((one) => one.checkVisibility() && !one.closest('nav'));
    const own = (one) => [...one.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent).join('');
    // What a paste says of TikTok is meant; the row's name is that of its place.
    const pasting = (one) => one.closest('plug-paste, .row-name');
    return {
        words: seen.filter((one) => !pasting(one)).map(own).filter((text) => text.trim()),
        button: document.querySelector('#go')?.className || '',
        said: ['.go-word', '.state'].map((one) => document.querySelector(one)?.textContent.trim()).find(Boolean) || '',
        status: document.querySelector('.status')?.innerText || '',
    };
}"""


SENTENCES = """async () => {
    const { say } = await import('/static/lib/words.js');
    const names = ['health.good', 'live.ready', 'live.ready-no-game', 'live.live', 'live.still-hint'];
    return Object.fromEntries(names.map((name) => [name, say(name)]));
}"""


def contradictions(state: Json, before: Json, page: Json, sentence: dict[str, str]) -> list[str]:
    """What the page says that the State denies."""
    words, wrong = page["words"], []
    kind, (first,) = state["live"]["type"], state["destinations"]
    row = next(row for row in state["readiness"] if row["name"] == "tiktok")
    is_dead = row["code"] in {"key-used", "key-expired", "stream-key-refused"}
    is_usable = row["state"] != "bad" and not is_dead and state["engine"]["connected"]
    is_sending = first["sent-frames"] > before["destinations"][0]["sent-frames"]
    is_good = sentence["health.good"] in page["status"]
    if is_good and state["health"]["verdict"] != "good":
        wrong.append("it is called good, and nobody knows that")
    if is_good and kind not in {"practicing", "ending"} and not (kind == "on-air" and is_sending):
        wrong.append("it is called good, and no frames go out")
    if kind == "on-air" and is_sending != page["said"].startswith(sentence["live.live"]):
        wrong.append("LIVE and frames that go out are not the same")
    if kind not in {"on-air", "ending"} and ("is-live" in page["button"] or sentence["live.live"] == page["said"]):
        wrong.append("it is called live")
    is_called_ready = page["said"] in {sentence["live.ready"], sentence["live.ready-no-game"]}
    if kind == "off" and is_called_ready != is_usable:
        wrong.append(f"a key that is {'' if is_usable else 'not '}usable, and the page says {page['said']}")
    if "does-go" in page["button"] and (kind != "off" or not is_usable):
        wrong.append("the button goes live where it cannot")
    if page["said"] == sentence["live.ready"] and state["signal"]["state"] == "slate":
        wrong.append("ready, without a word of the game that is not there")
    others = [title for name, title in TITLES.items() if name != first["preset"]]
    wrong += [f"{title} is named" for title in others if any(title in said for said in words)]
    return wrong


@pytest.mark.timeout(300)
def test_the_page_says_nothing_that_the_state_denies(browser: Browser, box: FakeBox) -> None:
    dice = random.Random(SEED)  # noqa: S311 - the same states each time
    found: dict[int, list[str]] = {}
    said: set[str] = set()
    with device(browser, PHONE, reduced_motion="reduce") as context:
        page = opened(context, box.url)
        page.wait_for_selector("#go")
        sentence = page.evaluate(SENTENCES)
        before = box.state
        for number in range(STATES):
            state = random_state(dice, before)
            state["name"] = f"box-{number}"
            box.change(**state)
            page.wait_for_function(
                "(name) => document.querySelector('.box-name')?.textContent === name", arg=state["name"]
            )
            read = page.evaluate(READ)
            said.add(f"{read['said']} {read['status']}")
            if wrong := contradictions(state, before, read, sentence):
                found[number] = [*wrong, state["live"]["type"], read["said"], read["status"]]
            before = copy.deepcopy(state)
        assert_quiet(page)
    assert found == {}
    # A walker who saw only a corner has found nothing.
    everything = " ".join(said)
    assert [name for name, words in sentence.items() if words not in everything] == []
