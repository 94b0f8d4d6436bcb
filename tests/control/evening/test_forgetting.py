"""What is forgotten in the evening's log: one viewer, everything, what is too old; and that it does not come back."""

from __future__ import annotations

import msgspec
import pytest

from appliance.errors import Invalid, Unavailable
from appliance.model import event as ev
from appliance.model.config import ChatConfig, Config, ModerationConfig
from tests.control.evening.nights import LEO, Night, rose, said, texts, without_log


async def test_nothing_of_a_forgotten_viewer_is_left() -> None:
    night = Night()
    await night.begin()
    night.happens(
        said("1", "by maya"), rose("2", 3, end=True), said("3", "by leo", LEO), rose("4", 1, end=True, user=LEO)
    )
    night.desk.room.pin("tiktok:1")
    await night.go(60)
    await night.end()
    assert night.log.summary is not None
    assert len(night.log.summary.top_gifters) == 2
    night.desk.room.forget_viewer("tiktok:maya")
    assert await night.log.forget_viewer("tiktok:maya") == 2
    kept = msgspec.json.encode((night.chat, night.log.summary, await night.archive.summaries(9, 9)))
    assert b"aya" not in kept
    assert "aya" not in "\n".join(night.store.base.iterdump())
    assert texts(night.chat.messages) == ["by leo", ""]


async def test_everything_is_forgotten_when_told_and_with_no_days() -> None:
    night = Night()
    await night.begin()
    night.happens(said("1"))
    await night.go(9)
    await night.end()
    await night.log.erase()
    assert (night.log.summary, night.rows(), await night.archive.summaries(9, 9)) == (None, [], ())
    night.happens(said("2"))
    assert len(night.rows()) == 1
    night.config = without_log()
    await night.look()
    night.happens(said("3"))
    assert night.rows() == []
    await night.look()
    page = await night.archive.older("tiktok:3", is_owner=True)
    assert page is not None
    assert (page.messages, page.more) == ((), False)


async def test_what_is_forgotten_does_not_come_back_because_it_changes() -> None:
    night = Night()
    await night.begin()
    night.happens(said("1", "a fox"), rose("2", 1))
    await night.log.erase()
    night.rules(ModerationConfig(words=("fox",)))
    night.desk.room.hide_message("tiktok:2")
    night.happens(rose("3", 5, end=True), ev.Deleted(platform="tiktok", users=("maya",)), said("4", user=LEO))
    assert night.rows("id") == [("tiktok:4",)]


async def test_a_box_that_begins_anew_shows_no_summary_and_sums_nothing_up() -> None:
    night = Night()
    await night.begin()
    await night.go(9)
    await night.end()
    await night.begin()
    whole = night.log.summary
    night.store.is_away = True
    with pytest.raises(Unavailable):
        await night.log.reset()
    assert [bool(whole), night.log.summary] == [True, None]
    night.store.is_away = False
    await night.log.reset()
    await night.end()
    assert (night.log.summary, await night.archive.summaries(9, 9)) == (None, ())


async def test_no_days_forget_as_soon_as_the_disk_lets_go() -> None:
    night = Night()
    night.happens(said("1"))
    await night.look()
    night.store.is_away = True
    night.config = without_log()
    await night.look()
    assert len(night.rows()) == 1
    night.restart()  # the box is off and on again meanwhile
    await night.look()
    await night.look()
    night.store.is_away = False
    await night.look()
    assert night.rows() == []


async def test_what_is_too_old_goes() -> None:
    night = Night(config=Config(chat=ChatConfig(log_days=2)))
    await night.begin()
    night.happens(said("1"))
    await night.go(61)
    await night.end()
    await night.go(86_400)
    night.happens(said("2"))
    await night.go(86_400)
    assert night.rows("id") == [("tiktok:2",)]
    await night.go(61)
    assert await night.archive.summaries(9, 9) == ()


async def test_who_is_not_there_cannot_be_hidden_but_can_be_forgotten() -> None:
    night = Night()
    with pytest.raises(Invalid):
        night.desk.room.hide_viewer("tiktok:nobody")
    assert await night.log.forget_viewer("tiktok:nobody") == 0
