"""The tables of the evening's log, and what is asked of them. Used on the database's own thread alone.

A row is one thing that happened, as it was counted. It keeps its place when it changes: a streak grows in its row, also
across a restart of control, and what was deleted stays there without its words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.model.evening import MESSAGES, LogEvent
from appliance.model.problem import UNREADABLE
from appliance.model.state.chat import ChatUser, HiddenWhy
from appliance.model.state.summary import LiveSummary

type Base = sqlite3.Connection

SCHEMA = """
CREATE TABLE events (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, streak TEXT UNIQUE, live INTEGER NOT NULL,
    at REAL NOT NULL, seen REAL NOT NULL, platform TEXT NOT NULL, kind TEXT NOT NULL,
    user TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '', handle TEXT NOT NULL DEFAULT '',
    badges TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', count INTEGER NOT NULL DEFAULT 1,
    gift TEXT NOT NULL DEFAULT '', coins INTEGER NOT NULL DEFAULT 0, part TEXT NOT NULL DEFAULT '',
    is_open INTEGER NOT NULL DEFAULT 0, hidden TEXT NOT NULL DEFAULT '', ever INTEGER);
CREATE INDEX events_of_a_live ON events (live, n);
CREATE INDEX events_of_a_viewer ON events (user);
CREATE INDEX events_by_time ON events (seen);
CREATE TABLE lives (
    id INTEGER PRIMARY KEY AUTOINCREMENT, began_at REAL NOT NULL, ended_at REAL NOT NULL DEFAULT 0,
    progress BLOB NOT NULL, summary BLOB);
CREATE INDEX lives_that_go_on ON lives (id) WHERE ended_at = 0;
"""
VERSION = 1
MOST_BYTES = 128 << 20
PRUNE_AT_ONCE = 5000
_COLUMNS = (
    "n, id, at, platform, kind, user, name, handle, badges, text, count, gift, coins, part, is_open, hidden, ever"
)
_SHOWN = f"kind IN ({', '.join(repr(kind) for kind in MESSAGES)})"
# What is hidden by hand, or waits for the owner, stays so until the owner shows it: after a restart of control the room
# knows nothing of it, and platforms repeat.
_PUT = """
INSERT INTO events (id, streak, live, at, seen, platform, kind, user, name, handle, badges, text, count, gift, coins,
    part, is_open, hidden, ever)
VALUES (:id, :streak, :live, :at, :seen, :platform, :kind, :user, :name, :handle, :badges, :text, :count, :gift, :coins,
    :part, :is_open, :hidden, :ever)
ON CONFLICT (id) DO UPDATE SET name = :name, handle = :handle, user = :user, badges = :badges, is_open = :is_open,
    count = CASE kind WHEN 'gift' THEN max(count, :count) ELSE :count END, coins = max(coins, :coins),
    text = CASE hidden WHEN 'deleted' THEN '' ELSE :text END, ever = max(ever, :ever),
    hidden = CASE WHEN hidden = 'deleted' OR (
        hidden IN ('message', 'viewer', 'held', 'slow', 'copy') AND :hidden != 'deleted') THEN hidden ELSE :hidden END
ON CONFLICT (streak) DO UPDATE SET id = :id, count = max(count, :count), coins = max(coins, :coins), is_open = :is_open
"""


def put(base: Base, entry: LogEvent, seen: float, *, is_new: bool = True) -> None:
    """Something happened, or it is another one than it was. The same thing told again is the same row.

    What was forgotten does not come back because it changes.
    """
    if not is_new and not base.execute("SELECT 1 FROM events WHERE id = ?", (entry.id,)).fetchone():
        return
    user, streak, live = entry.user, None, going_on(base)
    if entry.kind == "gift" and entry.group:
        streak = "\n".join(("gift", _scope(live, seen), user.id, entry.gift, entry.group))
    elif entry.kind == "follow":
        streak = "\n".join(("follow", _scope(live, seen), user.id))
    values: dict[str, Any] = {
        "id": entry.id, "streak": streak, "live": live, "at": entry.at, "seen": seen, "platform": entry.platform,
        "kind": entry.kind, "user": user.id, "name": user.name, "handle": user.handle, "badges": " ".join(user.badges),
        "text": entry.text, "count": entry.count, "gift": entry.gift, "coins": entry.coins, "part": entry.group,
        "is_open": entry.is_open, "hidden": entry.hidden, "ever": entry.ever,
    }  # fmt: skip
    base.execute(_PUT, values)


def going_on(base: Base) -> int:
    """The LIVE that is on, 0 for none."""
    (id_,) = base.execute("SELECT max(id) FROM lives WHERE ended_at = 0").fetchone()
    return id_ or 0


def delete_words(base: Base, messages: Collection[str], users: Collection[str]) -> None:
    """The platform took them away: nobody reads the words again."""
    gone = "UPDATE events SET text = '', hidden = 'deleted' WHERE {} = ? AND kind NOT IN ('likes', 'viewers')"
    base.executemany(gone.format("id"), [(id_,) for id_ in messages])
    base.executemany(gone.format("user"), [(id_,) for id_ in users])


def show(base: Base, id_: str, hidden: HiddenWhy) -> None:
    """The owner shows a message, or approves it; what still hides it is the platform or a rule."""
    base.execute("UPDATE events SET hidden = ? WHERE id = ? AND hidden != 'deleted'", (hidden, id_))


def hide_viewer(base: Base, user: str, *, hidden: bool) -> None:
    """The owner hid a viewer, or shows one again."""
    if hidden:
        base.execute(
            "UPDATE events SET hidden = 'viewer' "
            "WHERE user = ? AND hidden IN ('', 'word', 'link', 'phone', 'platform')",
            (user,),
        )
    else:
        base.execute("UPDATE events SET hidden = '' WHERE user = ? AND hidden = 'viewer'", (user,))


def forget_viewer(base: Base, user: str) -> int:
    """Nothing of this viewer stays, in no summary either; how many rows there were."""
    count = base.execute("DELETE FROM events WHERE user = ?", (user,)).rowcount
    for id_, body in base.execute("SELECT id, summary FROM lives WHERE summary IS NOT NULL").fetchall():
        summary = decoded(body, LiveSummary)
        if summary is None:
            base.execute("UPDATE lives SET summary = NULL WHERE id = ?", (id_,))  # the name may be in it
            continue
        kept = without(summary, user)
        if kept != summary:
            base.execute("UPDATE lives SET summary = ? WHERE id = ?", (msgspec.json.encode(kept), id_))
    return count


def decoded[T](body: object, kind: type[T]) -> T | None:
    """None for what a damaged disk, or another version of ours, has left there."""
    if not isinstance(body, bytes):
        return None
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE:
        return None


def without(summary: LiveSummary, user: str) -> LiveSummary:
    """The summary without this viewer's name."""
    kept = tuple(gifter for gifter in summary.top_gifters if gifter.user.id != user)
    return msgspec.structs.replace(summary, top_gifters=kept)


def clear_traces(base: Base) -> None:
    """What was deleted leaves the write-ahead log as well."""
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def older(
    base: Base, ids: Iterable[str], at: float, most: int, tonight: float | None = None
) -> tuple[list[LogEvent], bool]:
    """Up to `most` messages that are older than the first of `ids`, oldest first; whether there are more.

    With `tonight` only those of the LIVE that is on; without one, those that no LIVE has and that were seen since then.

    Where the log does not have it, it has the next of `ids`, which is older and so belongs to them; or none of them.
    """
    where, bound = "at <= :bound", at
    which, values = _of_tonight(base, tonight)
    for place, id_ in enumerate(ids):
        found = base.execute("SELECT n FROM events WHERE id = ?", (id_,)).fetchone()
        if found is not None:
            where, bound = ("n <= :bound" if place else "n < :bound"), found[0]
            break
    rows = base.execute(
        f"SELECT {_COLUMNS} FROM events "  # noqa: S608 - all ours
        f"WHERE {where} AND {which} AND {_SHOWN} ORDER BY n DESC LIMIT :most",
        {"bound": bound, "most": most + 1, **values},
    ).fetchall()
    return [_entry(row) for row in reversed(rows[:most])], len(rows) > most


def has(base: Base, id_: str, tonight: float | None = None) -> bool:
    """Whether the log has this message; with `tonight`, whether it is one of those."""
    which, values = _of_tonight(base, tonight)
    found = base.execute(f"SELECT 1 FROM events WHERE id = :id AND {which} AND {_SHOWN}", {"id": id_, **values})  # noqa: S608
    return found.fetchone() is not None


def events(base: Base, live: int, after: int, most: int) -> list[LogEvent]:
    """Events of a LIVE behind the place `after`, oldest first."""
    rows = base.execute(
        f"SELECT {_COLUMNS} FROM events WHERE live = ? AND n > ? ORDER BY n LIMIT ?",  # noqa: S608 - all ours
        (live, after, most),
    )
    return [_entry(row) for row in rows]


def prune(base: Base, before: float, most_bytes: int = MOST_BYTES) -> bool:
    """Takes out some of what is too old or too much; whether there is more of it."""
    (pages,), (free,), (size,) = (
        base.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    base.execute("DELETE FROM lives WHERE ended_at > 0 AND ended_at < ?", (before,))
    first = base.execute("SELECT n FROM events ORDER BY n LIMIT 1").fetchone()
    if first is None:
        return False
    if (pages - free) * size > most_bytes:
        base.execute("DELETE FROM events WHERE n < ?", (first[0] + PRUNE_AT_ONCE,))
        return True
    old = "SELECT n FROM events WHERE seen < ? ORDER BY seen LIMIT ?"
    return base.execute(f"DELETE FROM events WHERE n IN ({old})", (before, PRUNE_AT_ONCE)).rowcount > 0  # noqa: S608


@dataclass(slots=True)
class Mark:
    """The last row of before this run."""

    n: int = 0

    def set(self, base: Base) -> None:
        """What comes from now on is of this run."""
        (last,) = base.execute("SELECT max(n) FROM events").fetchone()
        self.n = last or 0


def move_clock(base: Base, mark: Mark, since_seen: float, step_s: float) -> None:
    """The wall's clock was set: what this run saw was seen at another time. What is of before had its own clock."""
    base.execute("UPDATE events SET seen = seen + ? WHERE n > ? AND seen >= ?", (step_s, mark.n, since_seen))


def _entry(row: tuple[Any, ...]) -> LogEvent:
    n, id_, at, platform, kind, user, name, handle, badges, text, count, gift, coins, part, is_open, hidden, ever = row
    return LogEvent(
        n=n, id=id_, at=at, platform=platform, kind=kind, text=text, count=count, gift=gift, coins=coins, group=part,
        user=ChatUser(id=user, name=name, handle=handle, badges=tuple(badges.split())), is_open=bool(is_open),
        hidden=hidden, ever=ever,
    )  # fmt: skip


def _of_tonight(base: Base, since: float | None) -> tuple[str, dict[str, float]]:
    if since is None:
        return "1", {}
    live = going_on(base)
    return "live = :live AND seen >= :since", {"live": live, "since": 0.0 if live else since}


def _scope(live: int, seen: float) -> str:
    """Within what a platform's name of a streak is one: a LIVE, or a day without one."""
    return str(live) if live else f"day {int(seen // 86_400)}"
