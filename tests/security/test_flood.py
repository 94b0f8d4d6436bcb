"""Guessing from very many addresses: the odds stay small, and nobody who stands at the box is kept out by it.

Time is the house's own; a flood of an hour takes as long as its requests. Each attack succeeds without its guard.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from appliance.access import guard as access_room
from appliance.access import guess_queue, pins
from appliance.access.denied import Denied
from appliance.access.entry import Entered, Visitor
from appliance.access.guard import NOBODY
from appliance.access.guess_queue import HOLD_S, PASSWORD_LANES, PIN_LANES, GuessQueue, Lanes
from appliance.access.limits import MOST_CLIENTS
from appliance.access.origin import Client, client_between
from appliance.access.passwords import PasswordFile
from appliance.access.tokens import Grant
from tests.security.house import House, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
PASSWORD = "correct horse battery"
OPEN: Lanes = {name: replace(lane, pace_s=1e-9, burst=10**9) for name, lane in PIN_LANES.items()}
NO_PIN = "00000000"


def guest(number: int) -> Client:
    """One of the house's network."""
    return client_between((f"192.168.{number // 250}.{number % 250 + 1}", 1), ("192.168.0.254", 80))


def far(number: int) -> Client:
    """Somebody on the internet, each in a network of its own."""
    return client_between((f"2600:{number:x}:1::1", 1), ("2a00:1:2:3::1", 80))


async def guess(house: House, client: Client, pin: str, *, is_known: bool = False) -> Denied | Entered:
    try:
        return await house.access.entry.by_pin(Visitor(client, is_known=is_known), pin)
    except Denied as denied:
        return denied


def alone(grant: Grant) -> Grant:
    """As if nobody had let it in."""
    return msgspec.structs.replace(grant, maker=NOBODY)


def flood(line: GuessQueue, clients: Iterable[Client]) -> int:
    """How many of these guesses are looked at now."""
    seen = 0
    for client in clients:
        try:
            line.claim(line.join(client))
        except Denied:
            continue
        seen += 1
    return seen


@pytest.mark.parametrize(("lanes", "most"), [(PIN_LANES, 200), (PASSWORD_LANES, 100)])
def test_the_odds_of_an_hour(lanes: Lanes, most: int) -> None:
    """Two in a million: so many of a hundred million PINs."""
    assert sum(lane.in_an_hour for lane in lanes.values()) <= most


@GUARD
def test_a_flood_from_everywhere_hits_no_more_than_that(is_guarded: bool) -> None:
    now = [50_000.0]
    line = GuessQueue(lambda: now[0], PIN_LANES if is_guarded else OPEN)
    crowd = [*(guest(number) for number in range(120)), *(far(number) for number in range(60))]
    looked_at: list[float] = []
    for second in range(0, 2 * 3600, 40):
        now[0] = 50_000.0 + second
        looked_at += [now[0]] * flood(line, crowd)
    for begin in range(0, 3601, 60):
        inside = sum(50_000.0 + begin <= at < 50_000.0 + begin + 3600 for at in looked_at)
        assert (inside <= 200) is is_guarded
    assert len(looked_at) > 100


@GUARD
async def test_the_right_pin_gets_in_through_a_flood(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """In the house itself: the owner is told how long it takes, comes back then with what was typed, and is in.

    Meanwhile the flood has changed the PIN more than once. The guard: it is compared when it is typed.
    """
    async with visiting(place) as house:
        crowd = [guest(number) for number in range(60)]
        for client in crowd:
            await guess(house, client, NO_PIN)
        typed = house.files.pin.shown()
        owner = guest(200)
        told = await guess(house, owner, typed)
        assert isinstance(told, Denied)
        assert (told.http_status, told.code) == (429, "waits-its-turn")
        seconds = told.facts["seconds"]
        assert isinstance(seconds, int)
        assert 40 < seconds <= 60 * PIN_LANES["new"].pace_s
        assert told.headers["Retry-After"] == str(seconds)
        until = house.steady + seconds
        while house.steady < until:
            house.steady = min(until, house.steady + 30)
            for client in crowd:
                await guess(house, client, NO_PIN)
            # Asking in between costs nothing and gains nothing.
            if house.steady < until:
                early = await guess(house, owner, typed)
                assert isinstance(early, Denied)
                assert early.facts["seconds"] == until - house.steady
        assert house.files.pin.shown() != typed
        if not is_guarded:
            for queue in house.access.entry._pin_line._queues.values():
                for one in queue.places.values():
                    one.guess = None
        came = await guess(house, owner, typed)
        assert isinstance(came, tuple) is is_guarded


@GUARD
@pytest.mark.parametrize("lane", ["far", "again"])
async def test_a_flood_fills_its_own_lane_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, lane: str
) -> None:
    """From the internet, or by all who guessed before: who types the PIN in the house waits for nothing."""
    if not is_guarded:
        monkeypatch.setattr(GuessQueue, "lane_of", lambda _self, _client, _now: lane)

    async with visiting(place) as house:
        if lane == "far":
            for number in range(300):
                await guess(house, far(number), NO_PIN)
        else:
            crowd = [guest(number) for number in range(20)]
            for _ in range(4 * 20):
                house.steady += 60
                for client in crowd:
                    await guess(house, client, NO_PIN)
        came = await guess(house, guest(200), house.files.pin.shown())
        assert isinstance(came, tuple) is is_guarded


@GUARD
async def test_a_phone_that_was_here_before_goes_first(place: Path, is_guarded: bool) -> None:
    """The house is flooded, and the owner's phone has lost its cookie; but it is known by its address."""
    async with visiting(place) as house:
        cookie = await house.cookie()
        assert (await house.ask("GET", "/api/state", {"Cookie": cookie}, come_from="127.0.0.7")).status == 200
        if not is_guarded:
            house.access._seen_at.clear()
        for number in range(100):
            await guess(house, guest(number), NO_PIN)
        answer = await house.post("/api/pair", {"pin": house.files.pin.shown()}, come_from="127.0.0.7")
        assert answer.status == (200 if is_guarded else 429)


async def test_a_phone_that_was_removed_is_not_known_any_more(place: Path) -> None:
    async with visiting(place) as house:
        mine, lost = await house.own(await house.cookie()), await house.own(await house.cookie())
        lost_id = (await house.ask("GET", "/api/whoami", lost, come_from="127.0.0.7")).json["id"]
        assert "127.0.0.7" in house.access._seen_at
        await house.ask("DELETE", f"/api/sessions/{lost_id}", mine)
        assert "127.0.0.7" not in house.access._seen_at
        for number in range(access_room._MOST_SEEN + 9):
            house.access._see(guest(number), house.access.sessions[0])
        assert len(house.access._seen_at) == access_room._MOST_SEEN


@GUARD
def test_the_last_in_line_of_a_whole_home_network(is_guarded: bool) -> None:
    """The worst that one guest can do: all 253 other addresses stand in line before the owner, and come again."""
    lanes = PIN_LANES if is_guarded else {**PIN_LANES, "new": replace(PIN_LANES["new"], most=8)}
    now = [0.0]
    line = GuessQueue(lambda: now[0], lanes)
    crowd = [guest(number) for number in range(240)]
    flood(line, crowd)
    try:
        place = line.join(guest(245))
    except Denied:
        assert not is_guarded
        return
    assert is_guarded
    assert place.at <= 254 * 40.0
    while now[0] < place.at:
        now[0] += 40.0
        flood(line, crowd)
    line.claim(place)
    # Hours later the flood goes on; who comes now is the only one who did not guess often.
    for _ in range(1000):
        now[0] += 40.0
        flood(line, crowd)
    line.claim(line.join(guest(246)))


def test_a_place_lapses_and_one_client_has_one() -> None:
    now = [0.0]
    line = GuessQueue(lambda: now[0], PIN_LANES)
    flood(line, (guest(number) for number in range(8)))
    place = line.join(guest(100))
    assert line.join(guest(100)) is place
    now[0] = place.at + HOLD_S
    assert line.join(guest(100)) is place
    now[0] += 1
    assert line.join(guest(100)) is not place


def test_a_full_line_says_when_to_come_again_and_memory_is_bounded() -> None:
    line = GuessQueue(lambda: 0.0, PIN_LANES)
    refused = set()
    for number in range(5000):
        for client in (guest(number), far(number)):
            try:
                line.join(client)
            except Denied as denied:
                refused.add((denied.code, denied.facts["seconds"]))
    assert refused == {("too-many-tries", 1)}
    assert {name: len(queue.places) for name, queue in line._queues.items()} == {
        "known": 0, "new": 256, "again": 0, "far": 64,
    }  # fmt: skip
    for number in range(MOST_CLIENTS + 100):
        line._count(guest(number), 0.0)
    assert len(line._guesses) == MOST_CLIENTS


def test_one_far_network_has_few_places() -> None:
    line = GuessQueue(lambda: 0.0, PIN_LANES)
    for number in range(100):
        with_64 = client_between((f"2600:1:2:{number:x}::1", 1), ("2a00:1:2:3::1", 80))
        try:
            line.join(with_64)
        except Denied:
            continue
    assert len(line._queues["far"].places) == PIN_LANES["far"].per_network
    line.claim(line.join(client_between(("9.9.9.9", 1), ("192.168.1.2", 80))))


@pytest.mark.parametrize(
    ("peer", "own", "client"),
    [
        ("192.168.1.7", "192.168.1.2", Client("192.168.1.7", is_house=True)),
        ("::ffff:192.168.1.7", "::ffff:192.168.1.2", Client("192.168.1.7", is_house=True)),
        ("9.9.9.9", "192.168.1.2", Client("9.9.9.9", "9.9.9.0/24")),
        ("8.8.4.9", "8.8.4.2", Client("8.8.4.9", is_house=True)),
        (
            "2a00:1:2:3::7",
            "2a00:1:2:3::2",
            Client("2a00:1:2:3::7", "2a00:1:2:3::/64", is_house=True, is_neighbour=True),
        ),
        ("fe80::7%eth0", "fe80::2%eth0", Client("fe80::7", "fe80::/64", is_house=True, is_neighbour=True)),
        ("2a00:1:2:4::7", "2a00:1:2:3::2", Client("2a00:1:2:4::/64", "2a00:1:2::/48")),
        ("fd00:1:2:4::7", "fd00:1:2:3::2", Client("fd00:1:2:4::/64", is_house=True)),
        ("nonsense", "192.168.1.2", Client("")),
    ],
)
def test_who_is_counted_as_what(peer: str, own: str, client: Client) -> None:
    assert client_between((peer, 1), (own, 80)) == client


@GUARD
def test_phones_of_the_house_do_not_share_one_limit(is_guarded: bool) -> None:
    """By /64 alone, a guest who guesses would shut out everybody in the house."""
    own = ("2a00:1:2:3::1", 80)
    line = GuessQueue(lambda: 0.0, PIN_LANES)

    def neighbour(number: int) -> Client:
        found = client_between((f"2a00:1:2:3::{number + 16:x}", 1), own)
        return found if is_guarded else replace(found, key=found.network)

    flood(line, [neighbour(0)] * 5)
    assert flood(line, [neighbour(1)]) == is_guarded


@GUARD
def test_a_guest_with_every_address_of_the_houses_prefix(monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """So many are counted one by one; the rest wait with the far ones and leave the house's own lane alone."""
    most = guess_queue.MOST_NEIGHBOURS
    if not is_guarded:
        monkeypatch.setattr(guess_queue, "MOST_NEIGHBOURS", 10**9)
    now = [0.0]
    line = GuessQueue(lambda: now[0], PIN_LANES)
    crowd = (client_between((f"2a00:1:2:3::{number + 16:x}", 1), ("2a00:1:2:3::1", 80)) for number in itertools.count())
    waiting = []
    for _ in range(40):
        now[0] += 60.0
        flood(line, itertools.islice(crowd, 50))
        waiting.append(len(line._queues["new"].places))
    assert (max(waiting) <= most) is is_guarded
    assert (len(line._neighbours) <= most) is is_guarded


@GUARD
async def test_an_owners_reset_does_not_wait_with_strangers(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    async with visiting(place) as house:
        for number in range(300):
            await guess(house, guest(number), NO_PIN)
        pin = house.files.pin.shown()
        if is_guarded:
            await house.access.check_pin(pin)
        else:
            assert isinstance(await guess(house, guest(400), pin), Denied)


@GUARD
async def test_inviting_gives_no_more_guesses_at_the_reset(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """A hijacked owner's phone lets in one browser after another, each to guess the PIN that the box shows."""
    monkeypatch.setattr(pins, "MOST_WRONG", 10**6)

    async with visiting(place) as house:
        tried: list[int] = []

        async def reset(_command: object) -> dict[str, bool]:
            await house.access.check_pin(NO_PIN)
            return {}

        monkeypatch.setattr(house.desk, "do", reset)
        mine = await house.own(await house.cookie())
        other = await house.own(await house.cookie())
        for _ in range(5):
            body = b'{"do":"factory-reset","pin":"00000000"}'
            tried.append((await house.ask("POST", "/api/do", mine, body)).status)
            invited = await house.ask("POST", "/api/sessions/invite", mine, b'{"role":"owner"}')
            came = await house.post("/api/pair", {"token": invited.json["link"].partition("/#")[2]})
            if not is_guarded:
                house.access._sessions = {key: alone(grant) for key, grant in house.access._sessions.items()}
            mine = await house.own(came.headers["Set-Cookie"].partition(";")[0])
        assert (429 in tried) is is_guarded
        # Another owner is not kept from it.
        assert (await house.ask("POST", "/api/do", other, body)).status == 403


@GUARD
async def test_very_many_addresses_guess_the_password(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """A hundred wrong ones closed it to everybody; now the owner is told when, and gets in then."""
    async with visiting(place) as house:
        monkeypatch.setattr(PasswordFile, "matches", lambda _self, text: text == PASSWORD)
        await asyncio.to_thread(house.files.password.keep, PASSWORD)
        entry = house.access.entry
        if not is_guarded:
            entry._password_line = GuessQueue(lambda: house.steady, OPEN)
        looked_at = 0
        for number in range(150):
            with pytest.raises(Denied) as denied:
                await entry.by_password(Visitor(guest(number)), "not it, not it")
            looked_at += denied.value.code == "wrong-password"
        assert (looked_at <= PASSWORD_LANES["new"].burst) is is_guarded
        if not is_guarded:
            return
        with pytest.raises(Denied) as waits:
            await entry.by_password(Visitor(guest(200)), PASSWORD)
        assert waits.value.code == "waits-its-turn"
        house.steady += float(waits.value.facts["seconds"])
        assert (await entry.by_password(Visitor(guest(200)), PASSWORD))[1].role == "owner"


async def test_what_was_forgotten_waits_no_more(place: Path) -> None:
    async with visiting(place) as house:
        for number in range(20):
            await guess(house, guest(number), NO_PIN)
        typed = house.files.pin.shown()
        told = await guess(house, guest(100), typed)
        assert isinstance(told, Denied)
        await house.access.forget_everyone()
        house.steady += 3600
        again = await guess(house, guest(100), typed)
        assert isinstance(again, Denied)
        assert again.code == "wrong-pin"


async def test_a_right_pin_that_waits_opens_for_one_alone(place: Path) -> None:
    async with visiting(place) as house:
        for number in range(8):
            await guess(house, guest(number), NO_PIN)
        typed = house.files.pin.shown()
        for number in (100, 101):
            assert isinstance(await guess(house, guest(number), typed), Denied)
        house.steady += 80
        assert isinstance(await guess(house, guest(100), typed), tuple)
        late = await guess(house, guest(101), typed)
        assert isinstance(late, Denied)
        assert late.code == "wrong-pin"


@GUARD
async def test_a_place_is_worth_one_guess(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """Many guesses are sent while one place waits, the right one among them: only the last counts."""
    async with visiting(place) as house:
        for number in range(8):
            await guess(house, guest(number), NO_PIN)
        typed = house.files.pin.shown()
        owner = guest(100)
        for text in (typed, *(f"{number:08d}" for number in range(20))):
            await guess(house, owner, text)
        if not is_guarded:
            line = house.access.entry._pin_line
            line._queues["new"].places[owner.key].is_right = True
        house.steady += 80
        came = await guess(house, owner, "00000019")
        assert isinstance(came, Denied) is is_guarded
