"""What each command does: one row for each, from the command to the function that carries it out.

Whoever calls `carry_out` holds the Director's lock. It owns nothing; the rooms that it acts on remember.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.control.chat.desk import ChatDesk
from appliance.control.chat.room import ChatRoom
from appliance.control.evening.evening import EveningLog
from appliance.control.factory_reset import Presence, forget_everything
from appliance.control.jobs.exports import ask_export, check_export
from appliance.control.jobs.jobs import Jobs
from appliance.control.jobs.preflights import ask_preflight
from appliance.control.jobs.recordings import ask_clip, ask_deletion
from appliance.control.jobs.uplink_result import ask_uplink
from appliance.control.judge.engine_presence import Hearing
from appliance.control.keys import KeyStore
from appliance.control.live.live_control import LiveControl
from appliance.control.panel_settings import PanelSettings
from appliance.errors import Fact, Invalid, NeedsOwner, Refused, Unavailable
from appliance.model import command as model
from appliance.model.command import Command
from appliance.model.plan import Export
from appliance.model.state import State
from appliance.storage.waiting import finished_on_disk


@dataclass(frozen=True, slots=True)
class Rooms:
    """What commands act on. `hurry` has the end of a live looked for at once; `steady` is monotonic seconds."""

    live_control: LiveControl
    chat: ChatDesk
    panel: PanelSettings
    jobs: Jobs
    hearing: Hearing
    keys: KeyStore
    presence: Presence | None
    state: Callable[[], State]
    hurry: Callable[[], None]
    steady: Callable[[], float]
    evening: EveningLog | None = None

    def must_be_off_air(self) -> None:
        """Raises `Refused` while a live is wanted."""
        if self.live_control.wish.wanted:
            raise Refused("live-is-on", "You are live: end the live first.")


@dataclass(frozen=True, slots=True)
class Asked:
    """The engine was asked, and its answer `about` this is the command's."""

    about: str


type Facts = dict[str, Fact]


@dataclass(frozen=True, slots=True)
class Slow:
    """Everything is decided; the `rest` waits for the disk, and no other command waits for that."""

    rest: Callable[[], Awaitable[Facts]]


type Outcome = Facts | Asked | Slow

HANDLERS: dict[type[Command], Callable[[Rooms, Any], Awaitable[Outcome]]] = {}
"""What carries out which command."""


async def carry_out(command: Command, rooms: Rooms) -> Outcome:
    """Carries out one command; returns what a person may want to know of it, or what to wait for.

    Raises `Invalid`, `Refused`, `NeedsOwner` or `Unavailable`.
    """
    return await HANDLERS[type(command)](rooms, command)


type _Handler[C: Command] = Callable[[Rooms, C], Awaitable[Outcome]]


def _does[C: Command](kind: type[C]) -> Callable[[_Handler[C]], _Handler[C]]:
    def enter(handler: _Handler[C]) -> _Handler[C]:
        HANDLERS[kind] = handler
        return handler

    return enter


@_does(model.GoLive)
async def _go_live(rooms: Rooms, command: model.GoLive) -> Facts:
    await (
        rooms.live_control.practise(command.title) if command.practice else rooms.live_control.go_live(command.title)
    )
    return {}


@_does(model.EndLive)
async def _end_live(rooms: Rooms, command: model.EndLive) -> Facts:
    # Who ends a live while the engine does not answer must know that it ends once that is back.
    waits = rooms.live_control.wish.wanted and rooms.hearing.report is None
    await rooms.live_control.end(command.undo_s)
    rooms.hurry()
    return {"waits-for-engine": True} if waits else {}


@_does(model.UndoEnd)
async def _undo_end(rooms: Rooms, _command: model.UndoEnd) -> Facts:
    await rooms.live_control.undo_end()
    return {}


@_does(model.CoverForBreak)
async def _cover_for_break(rooms: Rooms, command: model.CoverForBreak) -> Facts:
    await rooms.live_control.cover(brb=command.on)
    return {}


@_does(model.CoverForPrivacy)
async def _cover_for_privacy(rooms: Rooms, command: model.CoverForPrivacy) -> Facts:
    await rooms.live_control.cover(private=command.on)
    return {}


@_does(model.Mute)
async def _mute(rooms: Rooms, command: model.Mute) -> Facts:
    if command.source == "alerts":
        sentence = "Alerts make no sound in this version, so there is nothing to mute."
        raise Refused("no-alerts", sentence)
    await rooms.live_control.mute(command.source, on=command.on)
    return {}


@_does(model.StartRecording)
async def _start_recording(rooms: Rooms, _command: model.StartRecording) -> Facts:
    await rooms.live_control.record(wanted=True)
    return {}


@_does(model.StopRecording)
async def _stop_recording(rooms: Rooms, _command: model.StopRecording) -> Facts:
    await rooms.live_control.record(wanted=False)
    return {}


@_does(model.PasteKey)
async def _paste_key(rooms: Rooms, command: model.PasteKey) -> Facts:
    return await rooms.live_control.paste(command.text, command.destination)


@_does(model.ForgetKey)
async def _forget_key(rooms: Rooms, command: model.ForgetKey) -> Facts:
    await rooms.live_control.forget_key(command.destination)
    return {}


@_does(model.CheckDestination)
async def _check_destination(rooms: Rooms, command: model.CheckDestination) -> Facts:
    await rooms.live_control.look()
    credential = rooms.live_control.credential(command.destination)
    problem = credential.problem
    if problem is not None and not credential.server:
        raise NeedsOwner(problem.code, problem.text, **problem.facts)
    ask_preflight(rooms.jobs.queue, credential, rooms.steady())
    return {}


@_does(model.SetLook)
async def _set_look(rooms: Rooms, command: model.SetLook) -> Facts:
    return await _change(rooms, "picture.look", command.look)


@_does(model.SetGain)
async def _set_gain(rooms: Rooms, command: model.SetGain) -> Facts:
    return await _change(rooms, f"audio.gains.{command.source}", command.db)


@_does(model.ChangeSetting)
async def _change_setting(rooms: Rooms, command: model.ChangeSetting) -> Facts:
    return await _change(rooms, command.path, command.value)


@_does(model.RestoreSettings)
async def _restore_settings(rooms: Rooms, command: model.RestoreSettings) -> Facts:
    if command.trial:
        return rooms.panel.would_restore(command.text)
    facts = await rooms.panel.restore(command.text, is_sure=command.sure)
    await rooms.live_control.look()
    return facts


@_does(model.SetDestination)
async def _set_destination(rooms: Rooms, command: model.SetDestination) -> Facts:
    await rooms.panel.set_destination(command)
    await rooms.live_control.look()
    return {}


@_does(model.RemoveDestination)
async def _remove_destination(rooms: Rooms, command: model.RemoveDestination) -> Facts:
    name = command.name
    rooms.live_control.must_exist(name)
    rooms.live_control.must_not_use(name)
    await rooms.panel.remove_destination(name)
    await finished_on_disk(lambda: rooms.keys.forget(name))
    await rooms.live_control.look()
    return {}


@_does(model.ResetBox)
async def _reset_box(rooms: Rooms, command: model.ResetBox) -> Facts:
    presence, state_dir = rooms.presence, Path(rooms.panel.config.state_dir)
    if presence is None:
        raise Unavailable("no-pin", "This box shows no PIN, so it cannot be reset from here.")
    rooms.must_be_off_air()
    await presence.check_pin(command.pin)
    if rooms.evening is not None:
        with contextlib.suppress(Unavailable):  # what the disk does not let go of now, the next start removes
            await rooms.evening.reset()
    await finished_on_disk(lambda: forget_everything(state_dir))
    rooms.panel.forget()
    rooms.live_control.forget()
    await presence.forget_everyone()
    await rooms.live_control.look()
    return {}


@_does(model.MakeClip)
async def _make_clip(rooms: Rooms, command: model.MakeClip) -> Asked:
    rooms.hearing.must_be_there()
    if not rooms.panel.config.replay.seconds:
        sentence = "Clips are off: replay.seconds is 0. Set how many seconds are kept for clips first."
        raise Refused("nothing-to-clip", sentence, found="off")
    return Asked(ask_clip(rooms.jobs.queue, command.seconds, rooms.steady()))


@_does(model.RemoveRecording)
async def _remove_recording(rooms: Rooms, command: model.RemoveRecording) -> Asked:
    rooms.hearing.must_be_there()
    return Asked(ask_deletion(rooms.jobs.queue, command.name, rooms.steady()))


@_does(model.MeasureUplink)
async def _measure_uplink(rooms: Rooms, _command: model.MeasureUplink) -> Facts:
    rooms.hearing.must_be_there()
    rooms.must_be_off_air()
    ask_uplink(rooms.jobs.queue, rooms.panel.config, rooms.steady())
    return {}


@_does(model.ExportRecordings)
async def _export_recordings(rooms: Rooms, command: model.ExportRecordings) -> Facts:
    rooms.hearing.must_be_there()
    job = Export(names=command.names, disk=command.disk)
    check_export(job, rooms.state().recordings, rooms.state().disks)
    ask_export(rooms.jobs.queue, job, rooms.steady())
    return {}


type _OfTheChat = (
    model.HideMessage | model.ShowMessage | model.ApproveMessage | model.HideViewer | model.ShowViewer
    | model.AskQuestion | model.AnswerQuestion
)  # fmt: skip
"""Commands that name a message or a viewer and say nothing more."""


def _does_in_chat(kind: type[_OfTheChat], act: Callable[[ChatRoom, str], None]) -> None:
    @_does(kind)
    async def handler(rooms: Rooms, command: _OfTheChat) -> Facts:
        act(rooms.chat.room, command.id)
        return {}


_does_in_chat(model.HideMessage, ChatRoom.hide_message)
_does_in_chat(model.ShowMessage, ChatRoom.show_message)
_does_in_chat(model.ApproveMessage, ChatRoom.show_message)
_does_in_chat(model.HideViewer, ChatRoom.hide_viewer)
_does_in_chat(model.ShowViewer, ChatRoom.show_viewer)
_does_in_chat(model.AskQuestion, ChatRoom.ask_question)
_does_in_chat(model.AnswerQuestion, ChatRoom.answer_question)


@_does(model.PinMessage)
async def _pin(rooms: Rooms, command: model.PinMessage) -> Facts:
    if bool(command.id) == bool(command.text):
        raise Invalid("command", "Pin a message or words of your own, one of both.", reason="id or text")
    if command.id:
        rooms.chat.room.pin(command.id)
    else:
        rooms.chat.room.pin_text(command.text)
    return {}


@_does(model.UnpinMessage)
async def _unpin(rooms: Rooms, _command: model.UnpinMessage) -> Facts:
    rooms.chat.room.unpin()
    return {}


@_does(model.DeleteViewer)
async def _delete_viewer(rooms: Rooms, command: model.DeleteViewer) -> Slow:
    async def rest() -> Facts:
        return {"deleted": await rooms.evening.forget_viewer(command.id) if rooms.evening is not None else 0}

    rooms.chat.room.forget_viewer(command.id)
    return Slow(rest)


@_does(model.TryAlert)
async def _try_alert(rooms: Rooms, command: model.TryAlert) -> Facts:
    rooms.chat.try_out(command.kind)
    return {}


async def _change(rooms: Rooms, path: str, value: model.SettingValue | None) -> Facts:
    facts = await rooms.panel.change(path, value)
    await rooms.live_control.look()
    return facts
