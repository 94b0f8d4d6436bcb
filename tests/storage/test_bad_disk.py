"""Control starts over a state directory in which any one file is broken, is in the way or cannot be written."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.access.certificate import own_identity, server_context
from appliance.access.tokens import AccessFiles
from appliance.control.keys import KeyStore
from appliance.model.plan import Plan
from appliance.storage.files import kept_by, read_file, write_atomically
from appliance.storage.spool import SPOOL, Spool
from tests.control.whole_control import Box, box, place, run
from tests.fakes.engine import fake_engine

__all__ = ["place"]

PASTED = "rtmp://ingest.example/game stream-42?sign=abc"
PASSWORD = "correct horse battery"
KINDS = (
    "access/tokens.json",
    "access/sessions.json",
    "access/link.json",
    "access/epoch",
    "access/pin.json",
    "access/password.json",
    "keys/pasted/tiktok.json",
    "keys/armed.json",
    "keys/ended.json",
    "run.json",
    "panel.toml",
    "box-id",
)
PAST = "access/past-links.json"
"""Only says why an old link is none: without it a link says less, and nothing is forgotten."""
LOG = "evening/log.sqlite"
"""Of no weight for a live; how it is kept is a matter of its own (test_database.py)."""
BRANCHES = ("access", "keys", "keys/pasted")

type Damage = Callable[[Path], None]


def make_directory_of(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "inside").touch()


def make_unreadable(file: Path) -> None:
    """Reading fails with EIO, for everybody."""
    file.rename(file.with_name(f"{file.name}.kept"))
    file.symlink_to("/proc/self/mem")


def mend(file: Path) -> None:
    file.unlink()
    file.with_name(f"{file.name}.kept").rename(file)


def make_stuck(file: Path) -> None:
    """Nothing can take its place, because nine things that did stand beside it already."""
    make_directory_of(file)
    for number in range(1, 10):
        file.with_name(f"{file.name}.aside-{number}").mkdir()


def unstick(file: Path) -> None:
    for number in range(1, 10):
        file.with_name(f"{file.name}.aside-{number}").rmdir()


@pytest.fixture(scope="module")
def lived() -> Iterator[Path]:
    """A box that was stopped in the middle of its second live, with one of every file."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as name:
        home = Path(name)

        async def live() -> None:
            files = AccessFiles(home / "state")
            await asyncio.to_thread(files.forget_sessions)
            async with fake_engine(home) as engine, box(home) as it:
                await it.until(lambda _: True)
                assert (await it.do({"do": "set-look", "look": "full"}))[0] == 200
                assert (await it.do({"do": "paste-key", "text": PASTED}))[0] == 200
                assert (await it.do({"do": "go-live"}))[0] == 200
                await it.until(lambda s: s["live"]["type"] == "on-air")
                assert (await it.do({"do": "end-live"}))[0] == 200
                await engine.until(lambda plan: not plan.destinations)
                assert (await it.do({"do": "go-live"}))[0] == 200
                await it.until(lambda s: s["live"]["type"] == "on-air")
                await asyncio.to_thread(files.password.keep, PASSWORD)
                (home / "cookie").write_text(await pair(it))
                await asyncio.to_thread(files.new_link, 1.0)

        run(live)
        found = {str(one.relative_to(home / "state")) for one in (home / "state").rglob("*") if one.is_file()}
        assert found - {LOG} == {*KINDS, PAST}
        yield home


@pytest.mark.parametrize("damage", [make_directory_of, make_unreadable, make_stuck])
def test_links_work_although_nobody_knows_of_past_ones(place: Path, damage: Damage) -> None:
    files = AccessFiles(place)
    old = files.new_link(1.0)
    files.new_link(2.0)
    assert files.past_of(old) == "replaced"
    damage(place / PAST)
    new = files.new_link(3.0)
    assert files.spend_link(new)
    assert not files.spend_link(new)
    assert files.past_of(old) == ""


@pytest.fixture
def again(lived: Path, place: Path) -> Path:
    """The same box at another place, about to start."""
    for name in ("state", SPOOL):
        shutil.copytree(lived / name, place / name)
    for name in ("token", "cookie"):
        shutil.copy(lived / name, place / name)
    return place


async def pair(it: Box) -> str:
    """Comes in by the link that the box printed; the cookie."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as phone,
        phone.post(f"{it.url}/api/pair", json={"token": it.link.partition("#")[2]}, headers={"Origin": it.url}) as said,
    ):
        assert said.status == 200, await said.text()
        return said.headers["Set-Cookie"].partition(";")[0]


async def knows(it: Box, cookie: str) -> bool:
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as phone,
        phone.get(f"{it.url}/api/state", headers={"Cookie": cookie}) as said,
    ):
        return said.status == 200


def codes(state: Any) -> set[str]:
    return {problem["code"] for problem in state["problems"]} & {"disk", "file-unreadable"}


def is_as_it_was(plan: Plan) -> bool:
    """The same live to the same server, with what was set."""
    return [d.key for d in plan.destinations] == ["stream-42?sign=abc"] and plan.picture.look == "full"


async def has_everything(it: Box, home: Path) -> None:
    """The token let us in already."""
    assert await knows(it, (home / "cookie").read_text())
    files = AccessFiles(home / "state")
    assert await asyncio.to_thread(files.password.matches, PASSWORD)
    assert await asyncio.to_thread(KeyStore(home / "state").is_used, "tiktok", "stream-42?sign=abc")


@pytest.mark.parametrize(
    ("damage", "said"), [(make_directory_of, set()), (make_unreadable, {"file-unreadable"}), (make_stuck, None)]
)
@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_file_is_damaged_nothing_is_forgotten(
    again: Path, kind: str, damage: Damage, said: set[str] | None
) -> None:
    damage(again / "state" / kind)
    async with fake_engine(again) as engine, box(again) as it:
        await engine.until(is_as_it_was)
        await it.until(lambda s: s["live"]["type"] == "on-air")
        await has_everything(it, again)
        assert all(is_as_it_was(plan) for plan in engine.plans)
        if said is not None and kind not in {"access/link.json", "run.json"}:  # which a start writes anew
            await it.until(lambda s: codes(s) == said)


@pytest.mark.parametrize("damage", [make_directory_of, make_unreadable, make_stuck])
@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_file_is_damaged_after_a_power_cut_who_has_the_link_comes_in(
    again: Path, kind: str, damage: Damage
) -> None:
    shutil.rmtree(again / SPOOL)
    damage(again / "state" / kind)
    async with box(again) as it:
        assert await knows(it, await pair(it))


def cover_by_file(branch: Path) -> None:
    branch.rename(branch.with_name("elsewhere"))
    branch.touch()


def cover_by_loop(branch: Path) -> None:
    branch.rename(branch.with_name("elsewhere"))
    branch.symlink_to(branch.name)


@pytest.mark.parametrize(
    ("damage", "branch"),
    [(shutil.rmtree, "."), *product((cover_by_file, cover_by_loop), ("access", "keys", "keys/pasted", "."))],
)
async def test_a_directory_that_is_gone_ends_no_live(again: Path, branch: str, damage: Damage) -> None:
    damage((again / "state" / branch).resolve())
    async with fake_engine(again) as engine, box(again) as it:
        await engine.until(is_as_it_was)
        await it.until(lambda _: damage is not shutil.rmtree or (again / "state" / "panel.toml").exists())
        status, _ = await it.do({"do": "end-live"}, headers={"Cookie": await pair(it), "Origin": it.url})
        assert status == 200
        await engine.until(lambda plan: not plan.destinations)


async def test_what_could_not_be_read_is_taken_up_as_soon_as_it_can_be(again: Path) -> None:
    hurt = [again / "state" / kind for kind in ("access/tokens.json", "access/sessions.json", "panel.toml")]

    shutil.rmtree(again / SPOOL)
    for file in hurt:
        make_unreadable(file)
    async with fake_engine(again) as engine, box(again) as it:
        await engine.until(lambda plan: plan.picture.look == "blur")
        assert not await knows(it, (again / "cookie").read_text())
        for file in hurt:
            mend(file)
        await engine.until(lambda plan: plan.picture.look == "full")
        await it.until(lambda s: not codes(s))
        await has_everything(it, again)


async def test_what_cannot_be_read_is_kept_aside_when_something_takes_its_place(again: Path) -> None:
    file = again / "state" / "access" / "sessions.json"

    shutil.rmtree(again / SPOOL)
    make_unreadable(file)
    async with box(again) as it:
        assert await knows(it, await pair(it))
    assert file.is_file()
    assert file.with_name("sessions.json.aside-1").is_symlink()


async def test_what_the_disk_refuses_is_kept_through_a_restart_and_written_later(again: Path) -> None:
    state = again / "state"
    stuck = [state / kind for kind in ("panel.toml", "run.json", "keys/pasted/tiktok.json", "access/sessions.json")]

    async with fake_engine(again) as engine, box(again) as it:
        await engine.until(is_as_it_was)
        for file in stuck:
            make_stuck(file)
        assert (await it.do({"do": "set-look", "look": "fill"}))[0] == 200
        assert (await it.do({"do": "privacy", "on": True}))[0] == 200
        assert (await it.do({"do": "paste-key", "text": "stream-43?sign=abc"}))[0] == 200
        guest = await pair(it)
        await it.until(lambda s: codes(s) == {"disk"})
    async with fake_engine(again) as engine, box(again) as it:
        plan = await engine.until(lambda plan: plan.picture.look == "fill")
        assert (plan.picture.cover, [d.key for d in plan.destinations]) == ("privacy", ["stream-43?sign=abc"])
        assert await knows(it, guest)
        problem = (await it.until(lambda s: codes(s) == {"disk"}))["problems"][-1]
        assert problem["facts"]["waiting"] == len(stuck)
        assert "stream-4" not in str(problem)
        for file in stuck:
            unstick(file)
        await it.until(lambda s: not codes(s))
    shutil.rmtree(again / SPOOL)
    async with fake_engine(again) as engine, box(again) as it:
        plan = await engine.until(lambda plan: plan.picture.look == "fill")
        assert (plan.picture.cover, [d.key for d in plan.destinations]) == ("privacy", ["stream-43?sign=abc"])
        assert await knows(it, guest)


async def test_an_unreadable_directory_is_no_wish_for_a_factory_reset(again: Path) -> None:
    (again / "state" / "factory-reset").symlink_to("/proc/self/mem")

    async with fake_engine(again) as engine, box(again):
        await engine.until(is_as_it_was)


@pytest.mark.parametrize("damage", [make_directory_of, make_unreadable, make_stuck])
def test_the_certificate_stays_the_same(tmp_path: Path, damage: Damage) -> None:
    state, refuge = tmp_path / "state", tmp_path / "refuge"
    state.mkdir()
    found = []
    for _ in range(2):
        with kept_by(state, Spool(state, refuge)):
            own = own_identity(state, ["box.local"], ["127.0.0.1"], 1.8e9)
            assert isinstance(server_context(own), ssl.SSLContext)
            found.append(own.fingerprint)
        if len(found) == 1:
            damage(state / "tls" / "identity.pem")
    assert len(set(found)) == 1


def test_copies_are_for_us_alone_and_follow_what_others_write(tmp_path: Path) -> None:
    state, refuge = tmp_path / "state", tmp_path / "refuge"
    state.mkdir()
    with kept_by(state, Spool(state, refuge)):
        write_atomically(state / "a", b"1")
    assert refuge.stat().st_mode & 0o777 == 0o700
    assert {copy.stat().st_mode & 0o777 for copy in refuge.iterdir()} == {0o600}
    write_atomically(state / "a", b"2")
    with kept_by(state, Spool(state, refuge)):
        assert read_file(state / "a") == b"2"
    (state / "a").unlink()
    with kept_by(state, Spool(state, refuge)), pytest.raises(FileNotFoundError):
        read_file(state / "a")


async def test_a_directory_that_somebody_emptied_begins_anew_unless_a_live_is_wanted(again: Path) -> None:
    async with fake_engine(again) as engine, box(again) as it:
        await engine.until(is_as_it_was)
        assert (await it.do({"do": "end-live"}))[0] == 200
        await engine.until(lambda plan: not plan.destinations)
    shutil.rmtree(again / "state")
    async with box(again) as it:
        assert (await it.until(lambda _: True))["look"] == "blur"
        assert not await knows(it, (again / "cookie").read_text())
