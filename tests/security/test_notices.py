"""Owners are told of a new owner and of guessing, and nobody else is; each attack succeeds without its guard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.access import notices
from appliance.access.denied import Denied
from appliance.access.entry import Visitor
from appliance.access.guard import Access
from appliance.access.notices import DAY_S, WrongGuesses
from appliance.access.origin import Client
from appliance.access.tokens import AccessFiles
from appliance.model.state import State
from appliance.panel import app, feed
from tests.control.whole_control import Box, box
from tests.panel.streaming import following
from tests.security.house import visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])


def codes(access: Access) -> list[str]:
    return [notice.code for notice in access.notices]


@GUARD
async def test_who_becomes_an_owner_unseen(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """The first owner of all is nobody's news; each further one is for a day, after a restart, too."""
    if not is_guarded:
        monkeypatch.setattr("appliance.access.guard.new_owners", lambda _sessions, _now: ())

    async with visiting(place) as house:
        mine = await house.own(await house.cookie())
        await house.cookie("viewer")
        assert codes(house.access) == []
        house.now += 5
        invited = await house.ask("POST", "/api/sessions/invite", mine, b'{"role":"owner"}')
        token = invited.json["link"].partition("/#")[2]
        came = await house.post("/api/pair", {"token": token, "name": "A <b>thief</b>"})
        assert codes(house.access) == (["new-owner"] if is_guarded else [])
        if not is_guarded:
            return
        again = Access(AccessFiles(house.directory / "state"), (), lambda: house.now)
        await again.start()
        assert again.notices == house.access.notices
        (notice,) = again.notices
        assert notice.text.startswith('"A <b>thief</b>" is a new owner of this box, invited by "a phone')
        assert (notice.facts["id"], notice.since_at) == (came.json["id"], house.now)
        house.now += DAY_S
        assert codes(house.access) == []


async def test_coming_in_again_is_no_news_and_becoming_an_owner_is(place: Path) -> None:
    async with visiting(place) as house:
        first, second = await house.cookie(), await house.cookie("viewer")
        house.now += 2 * DAY_S
        await house.post("/api/pair", {"token": house.files.new_link(1.0)}, Cookie=first)
        assert codes(house.access) == []
        await house.post("/api/pair", {"token": house.files.new_link(1.0)}, Cookie=second)
        assert codes(house.access) == ["new-owner"]


@GUARD
async def test_who_guesses_unheard(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    if not is_guarded:
        monkeypatch.setattr(WrongGuesses, "note", lambda _self, _client, _now: None)

    async with visiting(place) as house:
        for number in range(14):
            assert codes(house.access) == (["guessing"] if is_guarded and number > 9 else [])
            house.steady += 120
            house.now += 120
            with pytest.raises(Denied):
                await house.access.entry.by_pin(Visitor(Client(f"192.168.0.{number}", is_house=True)), "x")
        assert codes(house.access) == (["guessing"] if is_guarded else [])
        if is_guarded:
            assert house.access.notices[0].facts == {"count": 14, "client": "192.168.0.13"}
        house.now += DAY_S
        assert codes(house.access) == []


@pytest.mark.parametrize(("every_s", "is_heap"), [(300.0, True), (500.0, False)])
def test_ten_in_an_hour_are_a_heap(every_s: float, is_heap: bool) -> None:
    wrong = WrongGuesses()
    for number in range(9):
        wrong.note("192.168.0.7", number * every_s)
        assert list(wrong.notices(number * every_s)) == []
    wrong.note("192.168.0.8", 9 * every_s)
    assert [notice.facts for notice in wrong.notices(9 * every_s)] == (
        [{"count": 10, "client": "192.168.0.8"}] if is_heap else []
    )
    # A day later it is another heap, counted anew.
    later = 9 * every_s + DAY_S
    for number in range(10):
        wrong.note("192.168.0.9", later + number)
    assert [notice.facts["count"] for notice in wrong.notices(later + 9)] == [10]


async def become_owner(it: Box, name: str, token: str) -> None:
    sent = {"Origin": it.url, "Authorization": ""}
    body = {"token": token, "name": name}
    async with it.http.post(f"{it.url}/api/pair", json=body, headers=sent) as answer:
        assert answer.status == 200


@GUARD
def test_a_viewer_who_reads_what_owners_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    def all_of_it(state: State) -> State:
        return state

    if not is_guarded:
        monkeypatch.setattr(app, "for_viewers", all_of_it)
        monkeypatch.setattr(feed, "for_viewers", all_of_it)

    async def test() -> None:
        async with box(place) as it:
            files = AccessFiles(place / "state")
            viewer = {"Authorization": f"Bearer {files.add_token('tv', 1.0, 'viewer')}"}
            async with following(it.http, it.url) as mine, following(it.http, it.url, headers=viewer) as theirs:
                await become_owner(it, "first", it.link.partition("#")[2])
                await become_owner(it, "second", files.new_link(2.0))

                def told(access: dict[str, Any]) -> list[str]:
                    return [str(notice["facts"]["name"]) for notice in access["notices"]]

                state = await it.until(lambda state: bool(state["access"]["notices"]))
                assert told(state["access"]) == ["second"]
                _, seen = await it.get("/api/state", headers=viewer)
                assert (seen["access"]["notices"] == []) is is_guarded
                for reader in (mine, theirs):
                    while reader.state.get("access", {}).get("sessions") != 2:
                        await reader.next()
                assert told(mine.state["access"]) == ["second"]
                assert (theirs.state["access"]["notices"] == []) is is_guarded

    async def bounded() -> None:
        async with asyncio.timeout(15):
            await test()

    asyncio.run(bounded())


def test_a_state_without_notices_is_the_same_for_all() -> None:
    state = State()
    assert notices.for_viewers(state) is state
