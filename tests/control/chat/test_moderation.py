"""What the owner does not want is seen through whatever it is dressed in, and what is harmless is let alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.control.chat.contact import has_link, has_phone_number
from appliance.control.chat.folding import as_letters, folded
from appliance.control.chat.now import Now
from appliance.control.chat.room import ChatRoom
from appliance.control.chat.words import WordList
from appliance.model.config import ModerationConfig
from appliance.model.event import Comment, Follow, Gift, Join, Share, Viewer

LIST = WordList(("badger", "ass", "toad*", "жаба", "笨蛋", "غبي", "น่าเกลียด", "kill"))

DRESSED = (
    "badger", "BADGER!!", "you BaDgEr.", "b.a.d.g.e.r", "b a d g e r", "ba d ge r now", "b-a-d-g-e-r", "b_a_d_g_e_r",
    "baaaadgerrrrr", "b4dg3r", "ᗷadger", "bаdger", "ｂａｄｇｅｒ", "𝕓𝕒𝕕𝕘𝕖𝕣", "🅱🅰🅳🅶🅴🆁", "🇧🇦🇩🇬🇪🇷", "bádgër",
    "b\u0336a\u0336d\u0336g\u0336e\u0336r\u0336", "b\u200ba\u200bd\u200bg\u200be\u200br", "ⓑⓐⓓⓖⓔⓡ", "hey,badger,hey",
    "ass", "a$$", "aSSSS", "@ss", "toads", "TOADSTOOL", "жаба!", "ж а б а", "ЖАААБА", "你是笨蛋吗", "غَبِي",
    "คนน่าเกลียดมาก", "k1ll", "kiII", "k!ll", "kіll",
)  # fmt: skip
HARMLESS = (
    "", "badge", "bad germ", "as", "as is", "class", "pass the salt", "a bad ger", "road", "жабо", "1455", "笨",
    "skill", "kil", "Maya is a gem", "4455 points", "we are at 1 kil 1",
)  # fmt: skip


@pytest.mark.parametrize("text", DRESSED)
def test_a_word_is_seen_through_its_dress(text: str) -> None:
    assert LIST.finds(text)
    assert not WordList(()).finds(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_words_are_let_alone(text: str) -> None:
    assert not LIST.finds(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://x.io", "HTTP://evil", "hxxps://a", "www.evil", "go to evil.com now", "evil . com", "evil (dot) com",
        "evil dot com", "ｅｖｉｌ．ｃｏｍ", "evil。com", "еvil.соm", "me@mail.example", "discord.gg/abc",
        "t.me/x bit.ly/y", "EVIL.COM", "evil punto com", "evil dot gg", "evil (dot) app", "see evil.live",
        "evil.it/x now",
    ],
)  # fmt: skip
def test_a_link_is_a_link(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "hello.How are you", "1.5 to 2.0", "ok...", "what? no!", "3:2", "e.g. this", "@maya hi",
        "so good. top player", "nice stream. live now?", "gg. info pls", "The end. App crashed", "yes.it was me",
        "well played . gg", "y punto. com",
    ],
)  # fmt: skip
def test_what_is_no_link(text: str) -> None:
    assert not has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "+34 612 345 678",
        "call 612345678",
        "(0171) 123-4567",
        "٠٥٠١٢٣٤٥٦٧",
        "６１２３４５６７８",
        "6 1 2 3 4 5 6 7 8 9",
        "06 12 34 56 78",
        "1 2 3 4 5 6 7 8 9 612345678",
    ],
)
def test_a_phone_number_is_one_in_any_figures(text: str) -> None:
    assert has_phone_number(text)


COUNTING = ("1 2 3 4 5 6 7 8 9 go", "level 10 20 30 40 50", "10 9 8 7 6 5 4 3 2 1", "100 200 300")


@pytest.mark.parametrize("text", ["12345678", "2026", "10:30", "100 000", "1 2 3 go", *COUNTING])
def test_what_is_no_phone_number(text: str) -> None:
    assert not has_phone_number(text)


@given(st.text(max_size=100))
def test_folding_twice_is_folding_once_and_any_text_can_be_judged(text: str) -> None:
    plain = as_letters(folded(text))
    assert as_letters(folded(plain)) in (plain, as_letters(folded(as_letters(folded(plain)))))
    assert LIST.finds(f"{text} badger {text}")
    assert has_link(f"{text} evil.com {text}")
    assert has_phone_number(f"{text} call 612345678 now {text}")


@given(
    st.text(st.sampled_from("badgersx$4 .-"), min_size=2, max_size=12).filter(lambda word: any(map(str.isalpha, word)))
)
def test_a_word_of_the_list_finds_itself(word: str) -> None:
    whole = "".join(word.split())
    if any(sign.isalpha() for sign in whole):
        assert WordList((whole,)).finds(f"so {whole} it is")


def said(id_: str, text: str, user: str = "1", platform: str = "tiktok", name: str = "Maya", **more: object) -> Comment:
    viewer = Viewer(id=user, name=name, **more)  # type: ignore[arg-type]
    return Comment(platform=platform, id=id_, user=viewer, text=text)


def hidden(room: ChatRoom) -> list[str]:
    return [message.hidden for message in room.state.messages]


def test_what_the_rules_hide_and_why() -> None:
    room = ChatRoom(ModerationConfig(words=("toad",), hidden_platforms=("twitch",)))
    comments = (
        said("1", "you toad"), said("2", "evil.com", "2"), said("3", "612345678", "3"), said("4", "hi", "4", "twitch"),
        said("5", "hi", "5", name="T0ad"), said("6", "hi", "6"),
    )  # fmt: skip
    room.take(comments, Now(0, 0))
    assert hidden(room) == ["word", "link", "phone", "platform", "word", ""]
    room.take([Follow(platform="tiktok", id="7", user=Viewer(id="9", name="toad"))], Now(0, 0))
    assert room.alerts == ()


def test_rules_that_change_hold_for_what_is_there_but_not_for_what_the_owner_looked_at() -> None:
    room = ChatRoom()
    room.take([said("1", "a toad"), said("2", "evil.com"), said("3", "a toad", "3")], Now(0, 0))
    room.show_message("tiktok:2")
    room.show_message("tiktok:3")
    room.ask_question("tiktok:1")
    room.follow(ModerationConfig(words=("toad",)))
    assert hidden(room) == ["word", "", ""]
    assert room.state.questions == ()
    room.follow(ModerationConfig(hide_links=False))
    assert hidden(room) == ["", "", ""]


def test_moderators_may_link_but_not_say_everything() -> None:
    room = ChatRoom(ModerationConfig(words=("toad",), hold=True))
    room.take(
        [said(str(n), text, badges=("moderator",)) for n, text in enumerate(("evil.com", "hi", "toad"))], Now(0, 0)
    )
    assert hidden(room) == ["", "", "word"]


def test_comments_are_held_until_approved_and_gifts_are_not() -> None:
    room = ChatRoom(ModerationConfig(hold=True))
    maya = Viewer(id="1", name="Maya")
    room.take([said("1", "hi"), Gift(platform="tiktok", id="2", user=maya, gift="5", name="Rose")], Now(0, 0))
    assert hidden(room) == ["held", ""]
    room.show_message("tiktok:1")
    assert hidden(room) == ["", ""]


def test_a_burst_of_one_viewer_is_slowed() -> None:
    room = ChatRoom()
    for n in range(8):
        room.take([said(f"a{n}", f"{n}"), said(f"b{n}", f"{n}", user=f"o{n}")], Now(n, n))
    assert [m.hidden for m in room.state.messages if m.user.id == "tiktok:1"] == [*[""] * 5, *["slow"] * 3]
    room.take([said("later", "hi")], Now(30, 30))
    assert hidden(room)[-1] == ""


def test_copies_collapse_but_greetings_do_not() -> None:
    room = ChatRoom()
    copies = ["Follow me for skins!", "FOLLOW ME for skins", "follow  me for sk1ns", "f0llow me for skins", "Hello"]
    for n, text in enumerate([*copies, *["hello"] * 5]):
        room.take([said(str(n), text, user=str(n))], Now(n, n))
    assert hidden(room) == ["", "", "", "copy", *[""] * 6]


def test_showing_a_hidden_viewer_does_not_show_what_the_rules_hide() -> None:
    room = ChatRoom(ModerationConfig(words=("toad",)))
    room.take([said("1", "hi")], Now(0, 0))
    room.hide_viewer("tiktok:1")
    room.take([said("2", "toad"), said("3", "hi")], Now(1, 1))
    assert hidden(room) == ["viewer"] * 3
    room.show_viewer("tiktok:1")
    assert hidden(room) == ["", "word", ""]


def test_held_is_held_again_when_its_writer_is_shown_or_a_word_is_taken_off_the_list() -> None:
    held = ModerationConfig(hold=True)
    room = ChatRoom(ModerationConfig(hold=True, words=("toad",)))
    room.take([said("1", "hi"), said("2", "ho"), said("3", "toad", "3")], Now(0, 0))
    room.show_message("tiktok:1")
    room.hide_viewer("tiktok:1")
    room.take([said("4", "hey")], Now(1, 1))
    room.show_viewer("tiktok:1")
    room.follow(held)
    assert hidden(room) == ["", "held", "held", "held"]
    room.show_message("tiktok:4")
    assert hidden(room)[-1] == ""


def test_a_burst_of_shares_is_slowed_and_writing_is_not_sharing() -> None:
    room, maya = ChatRoom(), Viewer(id="1", name="Maya")
    room.take([Share(platform="tiktok", id=f"s{n}", user=maya) for n in range(7)], Now(0, 0))
    room.take([said("1", "hi")], Now(0, 0))
    assert hidden(room) == [*[""] * 5, "slow", "slow", ""]
    assert len(room.alerts) == 5


def test_every_name_on_the_card_of_who_comes_in_is_judged() -> None:
    room = ChatRoom(ModerationConfig(words=("toad",)))
    room.take([said("c", "hi", "3", name="Leo")], Now(0, 0))
    room.hide_viewer("tiktok:3")

    def comes(user: str, name: str) -> tuple[str, int, str]:
        room.take([Join(platform="tiktok", id=f"j{user}", user=Viewer(id=user, name=name))], Now(1, 1))
        card = room.state.messages[-1]
        return (card.user.name, card.count, card.hidden)

    come = [comes("1", "Maya"), comes("2", "a toad"), comes("3", "Leo"), comes("4", "Eva")]
    assert come == [("Maya", 1, ""), ("Maya", 2, ""), ("Maya", 3, ""), ("Eva", 4, "")]
    room.hide_message(room.state.messages[-1].id)
    assert comes("5", "Ida") == ("Ida", 1, "")
