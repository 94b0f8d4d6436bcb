"""A recorded evening played into a box, at any speed: what happened happens again, in its order and with its pauses.

The log is what `GET /api/lives/ID.jsonl` gives: a summary, then an event a line. Whoever plays it speaks to control as
the chat role does, on a socket that is there only while `chat.source` is "replay".
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from appliance.chat.source import Clock
from appliance.errors import Invalid, Unavailable
from appliance.model.chat import MOST_EVENTS, Happened, Sources, pack_chat
from appliance.model.evening import LogEvent, events_of
from appliance.model.event import AnyEvent
from appliance.model.problem import UNREADABLE
from appliance.model.state.chat import ChatSource
from appliance.system.sockets import is_user, replay_path

LONGEST_PAUSE_S = 60.0
"""Nobody waits longer for the next thing to happen, however quiet the evening was."""
LONGEST_LINE = 1 << 16

_event = msgspec.json.Decoder(LogEvent)


def read_log(file: Path) -> Iterator[LogEvent]:
    """What is in it. Raises `Invalid` for what is no log."""
    number = 0
    try:
        with file.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE):
                number += 1
                if number > 1 and line.strip():
                    yield _event.decode(line)
    except OSError as error:
        raise Invalid("log-file", f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except UNREADABLE:
        text = f"{file} is no log of a LIVE: line {number} is no event. Save one from /api/lives/ID.jsonl of a box."
        raise Invalid("log-file", text) from None


def played(log: Iterable[LogEvent]) -> Iterator[tuple[float, AnyEvent]]:
    """Each event with the seconds to wait before it."""
    before: float | None = None
    for entry in log:
        wait_s = 0.0 if before is None else min(LONGEST_PAUSE_S, max(0.0, entry.at - before))
        before = entry.at if before is None else max(before, entry.at)
        for event in events_of(entry):
            yield wait_s, event
            wait_s = 0.0


async def play(log: Iterable[LogEvent], socket: Path, speed: float, clock: Clock) -> int:
    """Plays it all; how many events there were. Raises `Invalid` and `Unavailable`."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        text = 'The box does not wait for a log. Start it, set chat.source to "replay", and try again.'
        raise Unavailable("replay-not-wanted", text) from None
    count, waiting = 0, list[AnyEvent]()

    async def send() -> None:
        writer.write(pack_chat(Happened(events=tuple(waiting))))
        waiting.clear()
        await writer.drain()

    try:
        if not is_user(writer.get_extra_info("socket"), os.geteuid()):
            raise Unavailable("replay-not-wanted", "Another user's program waits for the log. Run this as its user.")
        await reader.read(1)  # control has spoken, so it listens
        writer.write(pack_chat(Sources(sources=(ChatSource(platform="replay", status="connected"),))))
        for wait_s, event in played(log):
            if waiting and (wait_s > 0 or len(waiting) == MOST_EVENTS):
                await send()
            if wait_s > 0:
                await clock.sleep(wait_s / speed)
            waiting.append(event)
            count += 1
        if waiting:
            await send()
        writer.write_eof()
        await reader.read()  # it has been heard to the end
    except ConnectionError:
        raise Unavailable("replay-not-wanted", 'The box hung up. Is chat.source still "replay"?') from None
    finally:
        writer.close()
    return count


def main(log: Path, run_dir: Path, speed: float, clock: Clock) -> int:
    """The command `plugcast replay`."""
    if not 0 < speed <= 10_000:
        raise Invalid("log-file", "The speed must be more than 0 and at most 10000.")
    events = list(read_log(log))
    _become_owner_of(replay_path(run_dir))
    count = asyncio.run(play(events, replay_path(run_dir), speed, clock))
    print(f"{count} events were played.")
    return 0


def _become_owner_of(socket: Path) -> None:
    """Control listens to its own user alone; root becomes that user."""
    if os.geteuid() == 0 and socket.exists():
        owner = socket.stat()
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
