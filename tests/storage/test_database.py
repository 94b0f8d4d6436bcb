"""The thread with the database: nobody waits for its disk, what is damaged makes room, and cuts leave it whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from appliance.errors import Unavailable
from appliance.storage import database as room
from appliance.storage.database import Base, Database
from tests.project import ROOT

SCHEMA = "CREATE TABLE said (n INTEGER PRIMARY KEY, words TEXT NOT NULL);"


def say(base: Base, words: str) -> None:
    base.execute("INSERT INTO said (words) VALUES (?)", (words,))


def said(base: Base) -> list[str]:
    return [words for (words,) in base.execute("SELECT words FROM said ORDER BY n")]


def says_and_fails(base: Base) -> None:
    say(base, "half of it")
    raise KeyError("a fault of ours")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    it = Database(tmp_path / "evening" / "log.sqlite", SCHEMA)
    it.start()
    yield it
    it.close()


def told(database: Database) -> str:
    """The code of its problem."""
    problem = database.problem
    return problem.code if problem else ""


def another(database: Database) -> Database:
    """The next one over the same file."""
    database.close()
    it = Database(database.file, SCHEMA)
    it.start()
    return it


async def test_what_is_written_is_read_and_still_there_afterwards(database: Database) -> None:
    for words in ("one", "two", "three"):
        database.write(partial(say, words=words))
    assert await database.read(said) == ["one", "two", "three"]
    assert database.problem is None
    files = [*database.file.parent.iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(database.file.parent.stat().st_mode) == 0o700
    after = another(database)
    assert await after.read(said) == ["one", "two", "three"]
    after.close()


async def test_it_is_synced_at_each_commit_and_deleted_words_leave_the_disk(database: Database) -> None:
    async def pragma(name: str) -> object:
        return (await database.read(lambda base: base.execute(f"PRAGMA {name}").fetchone()))[0]

    assert (await pragma("synchronous"), await pragma("journal_mode"), await pragma("secure_delete")) == (2, "wal", 1)
    database.write(partial(say, words="a word that nobody shall find"))
    await database.read(said)
    database.write(lambda base: base.execute("UPDATE said SET words = ''"))
    await database.read(lambda base: base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    assert b"nobody shall find" not in b"".join(file.read_bytes() for file in database.file.parent.iterdir())


async def test_a_write_that_is_nonsense_takes_no_other_with_it(database: Database) -> None:
    database.write(partial(say, words="one"))
    database.write(lambda base: base.execute("INSERT INTO said (words) VALUES (?)", (None,)))
    database.write(partial(say, words="\ud800"))
    database.write(says_and_fails)
    database.write(partial(say, words="two"))
    assert await database.read(said) == ["one", "two"]
    with pytest.raises(ZeroDivisionError):
        await database.read(lambda _base: 1 / 0)
    assert await database.read(said) == ["one", "two"]


async def test_whatever_goes_wrong_its_thread_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_self: Database) -> Base:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "_opened", fails)
        with pytest.raises(Unavailable):
            await database.read(said)
    assert await database.read(said) == []


@pytest.mark.parametrize("damage", ["no database", "torn", "newer"])
async def test_what_cannot_be_opened_is_set_aside_in_plain_words(database: Database, damage: str) -> None:
    for number in range(200):
        database.write(partial(say, words=f"{number} " * 50))
    await database.read(said)
    database.close()
    if damage == "no database":
        database.file.write_bytes(b"what is this " * 1000)
    elif damage == "torn":
        body = database.file.read_bytes()
        database.file.write_bytes(body[:100] + b"\xff" * (len(body) - 100))
    else:
        base = sqlite3.connect(database.file)
        base.execute("PRAGMA user_version = 7")
        base.close()
    after = another(database)
    after.write(partial(say, words="new"))
    with contextlib.suppress(Unavailable):  # so who comes just when it is found
        await after.read(said)
    assert await after.read(said) == ["new"]
    assert after.problem is not None
    assert after.problem.code == "log-damaged"
    assert str(after.aside) in after.problem.text
    assert after.aside.exists()
    await after.erase()
    assert [*after.file.parent.iterdir()] == []
    assert await after.read(said) == []
    after.close()


async def test_a_disk_that_takes_nothing_is_told_and_what_waits_is_written_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "RETRY_S", 0.0)
    monkeypatch.setattr(room, "COMMIT_S", 60.0)  # nothing is written before somebody reads
    database.write(partial(say, words="one"))
    assert await database.read(said) == ["one"]
    pages = await database.read(lambda base: base.execute("PRAGMA page_count").fetchone())
    await database.read(lambda base: base.execute(f"PRAGMA max_page_count = {pages[0]}").fetchone())  # it is full
    database.write(partial(say, words="x" * 10_000))
    with pytest.raises(Unavailable) as error:
        await database.read(said)
    assert error.value.code == "log-away"
    assert "full" in str(error.value)
    # Whoever is next finds it opened anew, with room.
    assert [len(words) for words in await database.read(said)] == [3, 10_000]
    assert database.problem is None


async def test_a_full_disk_still_forgets_and_what_waited_does_not_come_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Database, _base: Base) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(room, "COMMIT_S", 60.0)
    database.write(partial(say, words="one"))
    assert await database.read(said) == ["one"]
    database.write(partial(say, words="two"))
    with monkeypatch.context() as patched:
        patched.setattr(Database, "_commit", full)
        await database.erase()
        assert [*database.file.parent.iterdir()] == []
    assert await database.read(said) == []


async def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "evening").write_text("in the way")
    it = Database(tmp_path / "evening" / "log.sqlite", SCHEMA)
    it.start()
    with pytest.raises(Unavailable):
        await it.read(said)
    assert told(it) == "log-not-kept"
    (tmp_path / "evening").unlink()
    assert await it.read(said) == []
    assert told(it) == ""
    it.close()


async def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWER_WITHIN_S", 0.01)
    monkeypatch.setattr(room, "CLOSE_WITHIN_S", 0.01)
    now = [0.0]
    it = Database(tmp_path / "log.sqlite", SCHEMA, most_waiting=50, clock=lambda: now[0])
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(_base: Base) -> None:
        hangs.set()
        goes_on.wait()

    it.write(hang)
    it.start()
    with pytest.raises(Unavailable):
        await it.read(said)
    assert hangs.wait(5)
    for number in range(100):
        it.write(partial(say, words=str(number)), must=number in (20, 60))
    now[0] = 11.0
    assert it.problem is not None
    assert it.problem.facts["reason"] == "the disk does not answer"
    monkeypatch.setattr(room, "ANSWER_WITHIN_S", 5.0)
    goes_on.set()
    assert await it.read(said) == [str(number) for number in (20, *range(51, 100))]
    assert told(it) == ""
    it.close()


async def test_a_directory_that_somebody_emptied_begins_anew(database: Database) -> None:
    database.write(partial(say, words="one"))
    await database.read(said)
    for file in database.file.parent.iterdir():
        file.unlink()
    database.write(partial(say, words="two"))
    assert await database.read(said) == ["two"]
    assert database.file.exists()


async def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").symlink_to(tmp_path / "elsewhere")
    it = Database(tmp_path / "log.sqlite", SCHEMA)
    it.start()
    with pytest.raises(Unavailable):
        await it.read(said)
    assert not (tmp_path / "elsewhere").exists()
    it.close()


async def test_cut_off_at_any_place_it_opens_and_has_all_up_to_some_commit(tmp_path: Path, database: Database) -> None:
    """A power cut leaves the write-ahead log with any beginning of it, whose end may be nonsense."""
    for number in range(12):
        database.write(partial(say, words=f"{number} " * 200))
        await database.read(said)
    whole, wal = database.file.read_bytes(), database.file.with_name("log.sqlite-wal").read_bytes()
    assert len(wal) > 40_000
    found = set()
    for place, cut in enumerate(range(0, len(wal), 1024)):
        directory = tmp_path / str(cut)
        directory.mkdir()
        (directory / "log.sqlite").write_bytes(whole)
        (directory / "log.sqlite-wal").write_bytes(wal[:cut] + (b"\xa5" * 4096 if place % 2 else b""))
        base = sqlite3.connect(directory / "log.sqlite")
        is_made = bool(base.execute("SELECT 1 FROM sqlite_master WHERE name = 'said'").fetchone())
        words = said(base) if is_made else []
        assert words == [f"{number} " * 200 for number in range(len(words))]
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        base.close()
        found.add(len(words))
    assert found >= {*range(12)}


_WRITER = """
import sys
from pathlib import Path
from appliance.storage import database as room

room.COMMIT_S = 0.0
it = room.Database(Path(sys.argv[1]), sys.argv[2])
it.start()
for number in range(10**9):
    it.write(lambda base, number=number: base.execute("INSERT INTO said (words) VALUES (?)", (str(number),)))
    if number % 50 == 0:
        print(number, flush=True)
        sys.stdin.readline()
"""


def killed(file: Path, after: int) -> None:
    """A writer that is killed (SIGKILL) in the middle of it."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(file), SCHEMA], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=ROOT,
    )  # fmt: skip
    assert writer.stdin is not None
    assert writer.stdout is not None
    for _ in range(after):
        writer.stdout.readline()
        writer.stdin.write("\n")
        writer.stdin.flush()
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()


@pytest.mark.timeout(60)
async def test_killed_while_it_writes_it_opens_and_has_all_up_to_some_moment(tmp_path: Path) -> None:
    before: list[str] = []
    for turn in range(2):
        await asyncio.to_thread(killed, tmp_path / "log.sqlite", 20 + turn)
        it = Database(tmp_path / "log.sqlite", SCHEMA)
        it.start()
        words = await it.read(said)
        assert words[: len(before)] == before
        new = words[len(before) :]
        assert new == [str(number) for number in range(len(new))]
        assert it.problem is None
        assert await it.read(lambda base: base.execute("PRAGMA integrity_check").fetchone()) == ("ok",)
        it.close()
        before = words
