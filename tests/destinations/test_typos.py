"""Mistyped addresses are found before anything connects, with how they should read and never with a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.destinations.paste import read_paste
from appliance.destinations.rtmp_address import read_server
from appliance.destinations.typos import distance, typo_in
from appliance.errors import Invalid

KEY = "stream-2137703598951235785?expire=6ab2c0b9&sign=c43f"
HOST = "push-rtmp-l10-sg01.tiktokcdn.com"
RIGHT = f"rtmp://{HOST}/game"


@pytest.mark.parametrize(
    ("typed", "kind", "suggestion"),
    [
        (f"rtmp//{HOST}/game", "scheme", RIGHT),
        (f"rtmp:/{HOST}/game", "scheme", RIGHT),
        (f"rtmp:///{HOST}/game", "", ""),
        (f"rmtp://{HOST}/game", "scheme", RIGHT),
        (f"tmp://{HOST}/game", "scheme", RIGHT),
        (f"rtmp;//{HOST}/game", "scheme", RIGHT),
        (f"rtmp:\\\\{HOST}/game", "scheme", RIGHT),
        (f"rtmps:/{HOST}/game", "scheme", f"rtmps://{HOST}/game"),
        (f"rtmp://rtmp://{HOST}/game", "scheme", RIGHT),
        (f"{HOST}/game", "scheme", RIGHT),
        ("rtmp://push-rtmp-l10-sg01.tiktokkcdn.com/game", "host", RIGHT),
        ("rtmp://push-rtmp-l10-sg01.tiktokcnd.com/game", "host", RIGHT),
        ("rtmp://push-rtmp-l10-sg01.tiktokcdn.con/game", "host", RIGHT),
        ("rtmp://a.rtmp.youtub.com/live2", "host", "rtmp://a.rtmp.youtube.com/live2"),
        (f"rtmp://{HOST}", "no-app", ""),
        (f"rtmp://{HOST}/", "no-app", ""),
        (f"rtmp://{HOST}/{KEY}", "no-app", ""),
        (f"rtmp://{KEY}", "key-as-server", ""),
        ("srt://live.example:9000/x", "protocol", ""),
    ],
)
def test_what_is_mistyped(typed: str, kind: str, suggestion: str) -> None:
    typo = typo_in(typed)
    assert (typo.kind if typo else "") == kind
    if typo is None:
        return
    assert typo.suggestion == suggestion
    assert "sign" not in typo.sentence
    for text in (typed, f"{typed}\n{KEY}", f"{KEY} {typed}"):
        with pytest.raises(Invalid) as caught:
            read_paste(text)
        assert caught.value.code == "paste-typo"
        assert caught.value.facts == {"kind": kind, "suggestion": suggestion}
    if suggestion:
        assert read_server(suggestion) == suggestion
        assert typo_in(suggestion) is None


def test_a_suggestion_leaves_out_what_may_be_a_key() -> None:
    typo = typo_in(f"rtmp//{HOST}/{KEY}")
    assert typo is not None
    assert typo.suggestion == f"rtmp://{HOST}/..."


@pytest.mark.parametrize(
    "right",
    [
        RIGHT,
        "rtmp://push.tiktokcdn-us.com/game",
        "rtmp://push.tiktokcdn-eu.com/stage",
        "rtmps://ingest.global-contribute.live-video.net/app",
        "rtmp://live.restream.io/live",
        "rtmp://switch.tv/live",
        "rtmp://livevideo.example/app",
        "rtmp://192.168.1.5:1935/live",
        "rtmp://localhost/live",
        "rtmp://[::1]:1935/live",
        "and/or",
        "http://push.example/game",
        KEY,
        "abcd-efgh-ijkl-mnop",
        "c43f/x+y==",
    ],
)
def test_what_is_right_is_left_alone(right: str) -> None:
    assert typo_in(right) is None


@given(st.text(max_size=300))
def test_any_text_may_be_asked_about(text: str) -> None:
    typo = typo_in(text)
    assert typo is None or typo.sentence.endswith((".", "?"))


@given(st.text(max_size=12), st.text(max_size=12))
def test_distance_is_even_handed(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
