"""Guessing PINs, links and passwords: from one address and from many, and what it costs those who guess nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.access import limits, pins
from appliance.access.denied import Denied
from appliance.access.limits import Tries
from appliance.access.passwords import PasswordFile
from appliance.errors import Unavailable
from tests.security.house import House, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])
PASSWORD = "correct horse battery"


def wrong(house: House, number: int) -> str:
    """A PIN that is not the box's."""
    return f"{(int(house.files.pin.shown()) + 1 + number) % 10**8:08d}"


def everything_in(place: Path) -> bytes:
    return b"".join(file.read_bytes() for file in place.rglob("*") if file.is_file())


@GUARD
async def test_one_address_guesses_the_pin(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    if not is_guarded:
        monkeypatch.setattr(limits, "PER_CLIENT", ((1000, 1.0),))
        monkeypatch.setattr(pins, "MOST_WRONG", 1000)

    async with visiting(place) as house:
        for number in range(3):
            answer = await house.post("/api/pair", {"pin": wrong(house, number)})
            assert (answer.status, answer.json["code"]) == (403, "wrong-pin")
        right = house.files.pin.shown()
        answer = await house.post("/api/pair", {"pin": right})
        assert answer.status == (429 if is_guarded else 200)
        if is_guarded:
            assert 50 <= answer.json["facts"]["seconds"] == int(answer.headers["Retry-After"]) <= 60
            # Nobody else is locked out by it, and neither is a paired phone, nor a link from the very same address.
            assert (await house.post("/api/pair", {"token": house.files.new_link(1.0)})).status == 200
            assert (await house.post("/api/pair", {"pin": right}, come_from="127.0.0.9")).status == 200


@GUARD
async def test_many_addresses_guess_the_pin(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """The sixth address has the right PIN: by then it is another."""
    if not is_guarded:
        monkeypatch.setattr(pins, "MOST_WRONG", 1000)

    async with visiting(place) as house:
        first = house.files.pin.shown()
        for number in range(5):
            guess = f"{(int(first) + 1 + number) % 10**8:08d}"
            assert (await house.post("/api/pair", {"pin": guess}, come_from=f"127.0.1.{number + 1}")).status == 403
        answer = await house.post("/api/pair", {"pin": first}, come_from="127.0.1.9")
        assert answer.status == (403 if is_guarded else 200)
        if is_guarded:
            assert house.shown == [f"PIN {pins.in_groups(house.files.pin.shown())}"]
            assert first not in house.shown[0].replace(" ", "")


async def test_a_pin_works_once_and_in_any_grouping(place: Path) -> None:
    async with visiting(place) as house:
        pin = house.files.pin.shown()
        answer = await house.post("/api/pair", {"pin": f" {pin[:4]}-{pin[4:]} ", "name": "Maya's phone"})
        assert answer.status == 200
        assert {key: answer.json[key] for key in ("role", "name")} == {"role": "owner", "name": "Maya's phone"}
        assert (await house.post("/api/pair", {"pin": pin})).status == 403
        await house.access.check_pin(house.files.pin.shown())
        with pytest.raises(Denied):
            await house.access.check_pin(pin)


@pytest.mark.parametrize("pin", ["", "1", "\ud800", "0" * 1000, "１２３４５６７８", "\x00"])
def test_what_is_no_pin_is_wrong(tmp_path: Path, pin: str) -> None:
    file = pins.PinFile(tmp_path / "access")
    assert file.guess(pin) == "wrong"


@pytest.mark.parametrize(
    "torn", [b"", b"\xff", b'{"pin":"12"}', b'{"pin":"12345678","wrong":7}', b'{"pin":"1234567\xc3\xa9"}']
)
def test_a_torn_pin_is_replaced(tmp_path: Path, torn: bytes) -> None:
    file = pins.PinFile(tmp_path / "access")
    file.shown()
    file.file.write_bytes(torn)
    pin = file.shown()
    assert len(pin) == 8
    assert file.guess(pin) == "right"
    assert file.file.stat().st_mode & 0o077 == 0


def test_the_limits_are_per_client_and_end(tmp_path: Path) -> None:
    now = [0.0]
    tries = Tries(lambda: now[0])

    def allowed(client: str) -> bool:
        try:
            tries.take(client)
        except Denied:
            return False
        return True

    assert [allowed("a") for _ in range(4)] == [True, True, True, False]
    assert allowed("b")
    now[0] = 61.0
    assert [allowed("a") for _ in range(3)] == [True, True, False]
    now[0] = 601.0
    assert [allowed("a") for _ in range(4)] == [True, True, True, False]
    now[0] = 1300.0
    assert [allowed("a") for _ in range(3)] == [True, True, False]
    now[0] = 3500.0
    assert not allowed("a")
    now[0] = 3601.0
    assert allowed("a")


def test_right_guesses_cost_nothing_and_memory_is_bounded() -> None:
    tries = Tries(lambda: 0.0)
    for _ in range(10):
        tries.take("a")
        tries.give_back("a")
    many = Tries(lambda: 0.0)
    for number in range(limits.MOST_CLIENTS + 500):
        many.take(number)
    assert len(many._by_client) == limits.MOST_CLIENTS


@GUARD
async def test_guessing_the_password(place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    if not is_guarded:
        monkeypatch.setattr(limits, "PER_CLIENT", ((1000, 1.0),))

    async with visiting(place) as house:
        await asyncio.to_thread(house.files.password.keep, PASSWORD)
        for _ in range(3):
            answer = await house.post("/api/login", {"password": "not it, not it"})
            assert (answer.status, answer.json["code"]) == (403, "wrong-password")
        assert (await house.post("/api/login", {"password": PASSWORD})).status == (429 if is_guarded else 200)
        answer = await house.post("/api/login", {"password": PASSWORD, "name": "Admin"}, come_from="127.0.0.7")
        assert (answer.status, answer.json["role"]) == (200, "owner")


async def test_passwords_are_hashed_one_at_a_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 32 MB and a good part of a second of a small box."""
    together, most = 0, 0
    go_on = asyncio.Event()

    async with visiting(place) as house:
        loop = asyncio.get_running_loop()

        def slow(_self: PasswordFile, _text: str) -> bool:
            nonlocal together, most
            together += 1
            most = max(most, together)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
            together -= 1
            return False

        await asyncio.to_thread(house.files.password.keep, PASSWORD)
        monkeypatch.setattr(PasswordFile, "matches", slow)
        asked = [
            asyncio.create_task(house.post("/api/login", {"password": "x"}, come_from=f"127.0.3.{number}"))
            for number in range(1, 9)
        ]
        done = 0
        while done < 4:
            # Four may wait; the rest are told at once.
            done = sum(one.done() for one in asked)
            await asyncio.sleep(0.005)
        go_on.set()
        statuses = sorted(answer.status for answer in await asyncio.gather(*asked))
        assert statuses == [403] * 4 + [429] * 4
        assert most == 1


async def test_a_password_is_set_changed_and_taken_away(place: Path) -> None:
    async with visiting(place) as house:
        own = await house.cookie()
        assert (await house.post("/api/login", {"password": PASSWORD})).json["code"] == "no-password"
        short = await house.post("/api/password", {"password": "short"}, Cookie=own)
        assert (short.status, short.json["code"]) == (422, "password-length")
        assert (await house.post("/api/password", {"password": PASSWORD}, Cookie=own)).status == 200
        came = await house.post("/api/login", {"password": PASSWORD})
        theirs = {"Cookie": came.headers["Set-Cookie"].partition(";")[0]}
        assert (await house.ask("GET", "/api/state", theirs)).status == 200
        wrong_old = await house.post("/api/password", {"password": "another one 1", "old": "x"}, Cookie=own)
        assert (wrong_old.status, wrong_old.json["code"]) == (403, "wrong-password")
        changed = await house.post("/api/password", {"password": "another one 1", "old": PASSWORD}, Cookie=own)
        assert changed.status == 200
        # Who came in by the old one is out; who paired is not.
        assert (await house.ask("GET", "/api/state", theirs)).status == 401
        assert (await house.ask("GET", "/api/state", {"Cookie": own})).status == 200
        taken = await house.post("/api/password", {"password": "", "old": "another one 1"}, Cookie=own)
        assert taken.status == 200
        assert not house.files.password.is_set
        assert PASSWORD.encode() not in await asyncio.to_thread(everything_in, place)


def test_a_password_from_systemd_goes_first(tmp_path: Path) -> None:
    (tmp_path / "panel-password").write_text(PASSWORD + "\n")
    file = PasswordFile(tmp_path / "access", tmp_path)
    assert file.is_given
    assert file.matches(PASSWORD)
    assert not file.matches(PASSWORD + "\n")
    (tmp_path / "panel-password").write_text("\n")
    assert not file.matches("")


async def test_a_full_disk_does_not_give_guesses_for_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess that cannot be counted is no guess: it is not said whether it was right."""
    async with visiting(place) as house:
        pin = house.files.pin.shown()

        def full(*_arguments: object) -> None:
            raise Unavailable("disk", "The disk is full.")

        monkeypatch.setattr(pins, "write_atomically", full)
        for guess in (pin, wrong(house, 0)):
            assert (await house.post("/api/pair", {"pin": guess})).status == 503
