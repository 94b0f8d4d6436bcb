"""The LIVEs in the evening's log: begun, gone on with after a restart, ended with a summary. On the database's thread.

What can be counted is counted from the rows, so that neither a restart of control nor a repeated event changes it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec
from msgspec.structs import replace

from appliance.control.evening.base import decoded, going_on
from appliance.control.evening.highlights import SPAN_S, highlights, offered
from appliance.control.evening.progress import Progress
from appliance.model.state.chat import ChatTotals, ChatUser
from appliance.model.state.summary import Gifter, Highlight, LiveSummary

type Base = sqlite3.Connection

log = logging.getLogger(__name__)

MOST_GIFTERS = 10


@dataclass(frozen=True, slots=True)
class Beside:
    """What a summary needs that no row has: the seconds kept for clips, and the clips with when they were complete."""

    replay_s: int = 0
    clips: tuple[tuple[str, float], ...] = ()


def begin(base: Base, progress: Progress) -> None:
    """A LIVE begins."""
    base.execute(
        "INSERT INTO lives (began_at, progress) VALUES (?, ?)", (progress.began_at, msgspec.json.encode(progress))
    )


def save(base: Base, progress: Progress) -> int:
    """How far the LIVE that is on is, and its id. A log that was begun anew meanwhile has it from now on."""
    if not (id_ := going_on(base)):
        begin(base, progress)
        id_ = going_on(base)
    base.execute(
        "UPDATE lives SET began_at = ?, progress = ? WHERE id = ?",
        (progress.began_at, msgspec.json.encode(progress), id_),
    )
    return id_


def unended(base: Base) -> Progress | None:
    """The LIVE that was on when control ended. What nobody can read is over."""
    while id_ := going_on(base):
        (body,) = base.execute("SELECT progress FROM lives WHERE id = ?", (id_,)).fetchone()
        if (progress := decoded(body, Progress)) is not None:
            return progress
        log.warning("How far LIVE %d was cannot be read. It is over.", id_)
        base.execute("UPDATE lives SET ended_at = max(began_at, 1) WHERE id = ?", (id_,))
    return None


def end(base: Base, progress: Progress, ended_at: float, beside: Beside) -> None:
    """It is over; others that nobody ended are, too."""
    id_ = save(base, progress)
    base.execute("UPDATE lives SET ended_at = ? WHERE ended_at = 0", (ended_at,))
    summary = summed(base, id_, progress, ended_at, beside)
    base.execute("UPDATE lives SET summary = ? WHERE id = ?", (msgspec.json.encode(summary), id_))


def summed(base: Base, id_: int, progress: Progress, ended_at: float, beside: Beside) -> LiveSummary:
    """The summary of what is known so far."""
    until = ended_at or progress.seen_at
    peak, average = _viewers(base, id_, until)
    clips = tuple(name for name, at in beside.clips if progress.began_at <= at <= until + 60)
    return LiveSummary(
        id=id_,
        title=progress.title,
        began_at=progress.began_at,
        ended_at=ended_at,
        seconds=round(max(0.0, until - progress.began_at), 1),
        viewers_peak=peak,
        viewers_average=average,
        totals=_totals(base, id_),
        top_gifters=_gifters(base, id_),
        clips=clips,
        problems=tuple(replace(one, seconds=round(one.seconds, 1)) for one in progress.troubles),
        stream=replace(progress.stream, slate_s=round(progress.stream.slate_s, 1)),
        highlights=offered(_moments(base, id_, progress, until), beside.replay_s, progress.recordings),
    )


def summary_of(base: Base, id_: int, beside: Beside) -> LiveSummary | None:
    """The summary of a LIVE, None where there is no such one; of one that goes on, so far."""
    return next(_found(base, "id = ?", id_, beside), None)


def summaries(base: Base, before: int, most: int, beside: Beside) -> list[LiveSummary]:
    """Those of LIVEs older than `before`, newest first."""
    return list(islice(_found(base, "id < ?", before, beside), most))


def last(base: Base) -> LiveSummary | None:
    """The summary of the last LIVE that has ended."""
    return next(_found(base, "ended_at > ?", 0, Beside()), None)


def _found(base: Base, where: str, bound: int, beside: Beside) -> Iterator[LiveSummary]:
    """Newest first, without the names of hidden viewers. A summary that nobody can read is made again."""
    rows = base.execute(
        f"SELECT id, ended_at, summary, progress FROM lives WHERE {where} ORDER BY id DESC",  # noqa: S608 - all ours
        (bound,),
    )
    for id_, ended_at, body, kept in rows:
        summary = decoded(body, LiveSummary)
        if summary is None:
            progress = decoded(kept, Progress)
            if progress is None:
                log.warning("LIVE %d cannot be read and is left out.", id_)
                continue
            summary = summed(base, id_, progress, ended_at, beside)
        yield replace(
            summary, top_gifters=tuple(one for one in summary.top_gifters if not _is_hidden(base, one.user.id))
        )


def _is_hidden(base: Base, user: str) -> bool:
    return base.execute("SELECT 1 FROM events WHERE user = ? AND hidden = 'viewer'", (user,)).fetchone() is not None


def _totals(base: Base, id_: int) -> ChatTotals:
    rows = {
        kind: (number, count, coins)
        for kind, number, count, coins in base.execute(
            "SELECT kind, count(*), sum(count), sum(coins) FROM events WHERE live = ? GROUP BY kind", (id_,)
        )
    }
    nothing = (0, 0, 0)
    gifts = rows.get("gift", nothing)
    (likes,) = base.execute(
        "SELECT sum(most) FROM (SELECT max(count) AS most FROM events WHERE live = ? AND kind = 'likes' "
        "GROUP BY platform)",
        (id_,),
    ).fetchone()
    return ChatTotals(
        comments=rows.get("comment", nothing)[0] + rows.get("question", nothing)[0],
        follows=rows.get("follow", nothing)[0],
        shares=rows.get("share", nothing)[0],
        subscribes=rows.get("subscribe", nothing)[0],
        gifts=gifts[1],
        coins=gifts[2],
        likes=likes or 0,
    )


def _gifters(base: Base, id_: int) -> tuple[Gifter, ...]:
    """Who gave most, of those whom nobody hid."""
    rows = base.execute(
        "SELECT user, name, handle, sum(count) AS gifts, sum(coins) AS worth FROM events "
        "WHERE live = ? AND kind = 'gift' AND hidden = '' GROUP BY user "
        "ORDER BY worth DESC, gifts DESC, min(n) LIMIT ?",
        (id_, MOST_GIFTERS),
    )
    return tuple(
        Gifter(user=ChatUser(id=user, name=name, handle=handle), gifts=gifts, coins=coins)
        for user, name, handle, gifts, coins in rows
    )


def _viewers(base: Base, id_: int, until: float) -> tuple[int | None, float | None]:
    """The most at once, and on average over the time in which anybody told."""
    rows = base.execute(
        "SELECT platform, seen, count FROM events WHERE live = ? AND kind = 'viewers' ORDER BY seen, n", (id_,)
    )
    return watched(rows, until)


def watched(told: Iterable[tuple[str, float, int]], until: float) -> tuple[int | None, float | None]:
    """The same of platform, moment and number."""
    newest: dict[str, int] = {}
    peak, weighed, since, first = None, 0.0, 0.0, 0.0
    for platform, at, number in told:
        if newest:
            weighed += sum(newest.values()) * (at - since)
        else:
            first = at
        newest[platform], since = number, at
        peak = max(peak or 0, sum(newest.values()))
    if peak is None:
        return None, None
    weighed += sum(newest.values()) * max(0.0, until - since)
    lasted = max(until, since) - first
    return peak, round(weighed / lasted if lasted > 0 else float(sum(newest.values())), 1)


def _moments(base: Base, id_: int, progress: Progress, until: float) -> tuple[Highlight, ...]:
    spans = base.execute(
        "SELECT CAST(seen / ? AS INTEGER) AS span, kind = 'gift', count(*), sum(count), sum(coins) FROM events "
        "WHERE live = ? AND kind IN ('comment', 'question', 'gift') GROUP BY span, kind = 'gift'",
        (SPAN_S, id_),
    ).fetchall()
    comments = {span: rows for span, is_gift, rows, _, _ in spans if not is_gift}
    gifts = {span: (count, coins) for span, is_gift, _, count, coins in spans if is_gift}
    return highlights(comments, gifts, int((until - progress.began_at) // SPAN_S))
