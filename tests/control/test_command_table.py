"""Every command is carried out by something, and what cannot be done yet is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.control.chat.desk import chat_plan_for
from appliance.control.commands import HANDLERS
from appliance.errors import Invalid, Refused
from appliance.model.chat import Addresses, ChatPlan, Happened, SourcePlan, Sources
from appliance.model.command import (
    COMMANDS,
    AnswerQuestion,
    AskQuestion,
    ChangeSetting,
    HideMessage,
    HideViewer,
    Mute,
    PinMessage,
    ShowMessage,
    ShowViewer,
    TryAlert,
    UnpinMessage,
)
from appliance.model.config import ChatConfig
from appliance.model.event import AnyEvent, Comment, Follow, Viewer, Viewers
from appliance.model.state.chat import ChatSource, ChatTotals, Pinned
from tests.control.directing import Time, director


def test_there_is_a_row_for_every_command() -> None:
    assert set(HANDLERS) == set(COMMANDS)


async def test_alerts_cannot_be_muted_until_there_are_alerts(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    await control.start()
    with pytest.raises(Refused) as refused:
        await control.do(Mute(source="alerts", on=True))
    assert refused.value.code == "no-alerts"
    await control.do(Mute(source="mic", on=True))
    assert control.plan.value.sound.muted == ("mic",)


async def test_what_the_owner_tries_is_shown_and_counts_nowhere(tmp_path: Path) -> None:
    time = Time()
    control = director(tmp_path, time)
    await control.start()
    for kind in ("comment", "gift", "follow", "follow", "share", "subscribe", "join", "question"):
        await control.do(TryAlert(kind=kind))
    state = control.state.value
    assert [message.kind for message in state.chat.messages] == [
        "comment", "gift", "follow", "follow", "share", "subscribe", "join", "question",
    ]  # fmt: skip
    assert [alert.kind for alert in state.alerts] == ["gift", "follow", "follow", "share", "subscribe"]
    assert (state.chat.totals, state.chat.viewers, state.chat.sources) == (ChatTotals(), None, ())
    time.now += 6
    control.refresh()
    assert control.state.value.alerts == ()


async def test_the_chat_is_moderated_by_commands(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    await control.start()
    for kind in ("comment", "question"):
        await control.do(TryAlert(kind=kind))
    said, asked = control.state.value.chat.messages
    assert control.state.value.chat.questions == (asked,)
    await control.do(PinMessage(id=said.id))
    await control.do(AskQuestion(id=said.id))
    await control.do(AnswerQuestion(id=asked.id))
    chat = control.state.value.chat
    assert (chat.pinned, chat.questions) == (Pinned(id=said.id, name="Maya", text=said.text), (said,))
    await control.do(HideMessage(id=said.id))
    await control.do(HideViewer(id=asked.user.id))
    chat = control.state.value.chat
    assert [message.hidden for message in chat.messages] == ["message", "viewer"]
    assert (chat.pinned, chat.questions) == (None, ())
    await control.do(ShowViewer(id=asked.user.id))
    await control.do(ShowMessage(id=said.id))
    assert [message.hidden for message in control.state.value.chat.messages] == ["", ""]
    await control.do(PinMessage(text="Back at 8"))
    pinned = control.state.value.chat.pinned
    await control.do(UnpinMessage())
    assert (pinned, control.state.value.chat.pinned) == (Pinned(text="Back at 8"), None)
    for wrong in (PinMessage(), PinMessage(id=said.id, text="x"), HideMessage(id="nothing")):
        with pytest.raises(Invalid):
            await control.do(wrong)


async def test_what_viewers_do_is_in_the_state_at_once(tmp_path: Path) -> None:
    maya = Viewer(id="1", name="Maya")
    happened: tuple[AnyEvent, ...] = (
        Viewers(platform="simulated", now=42),
        Comment(platform="simulated", id="1", user=maya, text="hi"),
        Follow(platform="simulated", id="2", user=maya),
    )

    control = director(tmp_path, Time())
    await control.start()
    assert control.chat.value == ChatPlan()
    await control.do(ChangeSetting(path="chat.source", value="simulated"))
    assert [source.status for source in control.state.value.chat.sources] == ["connecting"]
    heard = tuple(ChatSource(platform=name, status="connected") for name in ("simulated", "twitch"))
    control.chat_said(Sources(sources=heard))
    control.chat_said(Happened(events=happened))
    chat = control.state.value.chat
    assert (chat.status, chat.viewers, [message.kind for message in chat.messages]) == (
        "connected", 42, ["comment", "follow"],
    )  # fmt: skip
    assert [source.platform for source in chat.sources] == ["simulated"]
    assert [alert.kind for alert in control.state.value.alerts] == ["follow"]
    control.chat_said(Happened(events=happened))
    assert control.state.value.chat.totals.comments == 1
    control.chat_lost(control.chat.value)
    chat = control.state.value.chat
    assert (chat.status, chat.totals.comments) == ("connecting", 1)
    await control.do(ChangeSetting(path="chat.source", value="none"))
    assert (control.chat.value, control.state.value.chat.status) == (ChatPlan(), "off")


async def test_whom_to_listen_to_follows_from_the_settings(tmp_path: Path) -> None:
    control = director(tmp_path, Time())
    await control.start()
    await control.do(ChangeSetting(path="chat.twitch.channel", value="leo"))
    await control.do(ChangeSetting(path="chat.tiktok.handle", value="@maya"))
    tiktok = SourcePlan(platform="tiktok", name="maya")
    assert control.chat.value.sources == (tiktok, SourcePlan(platform="twitch", name="leo"))
    for wrong in ("../../x", "a b", "maya?x=1"):
        with pytest.raises(Invalid):
            await control.do(ChangeSetting(path="chat.tiktok.handle", value=wrong))


def test_the_older_setting_and_the_addresses_for_tests_are_heeded() -> None:
    config = ChatConfig(source="tiktok", handle="maya", app_url="http://a", webcast_url="http://w", sign_url="http://s")
    places = Addresses(app="http://a", webcast="http://w", sign="http://s")
    assert chat_plan_for(config) == ChatPlan(sources=(SourcePlan(platform="tiktok", name="maya", addresses=places),))
    assert chat_plan_for(ChatConfig(handle="maya")) == ChatPlan(), "a name alone asks for nothing"
