"""What people paste becomes a server and a key, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Invalid
from appliance.live.rtmp import Pasted, host_of, read_paste, read_server, without_query
from appliance.live.tiktok import expiry_of

SERVER = "rtmp://push-rtmp-l10-sg01.tiktokcdn.com/game"
KEY = "stream-2137703598951235785?amun=true&c=ID&expire=6ab2c0b9&sign=c43f/x+y=="


@pytest.mark.parametrize(
    "text",
    [
        f"{SERVER} {KEY}",
        f"{SERVER}/\n{KEY}",
        f"{KEY}\r\n{SERVER}/",
        f"  '{SERVER}'  \n\n  \"{KEY}\"  ",
        f"\u201c{SERVER}\u201d\n\u201c{KEY}\u201d",
        f"Server URL: {SERVER}\nStream key: {KEY}",
        f"Server URL\n{SERVER}/\nStream key\n{KEY}\n",
        f"Stream Key={KEY}\nServer={SERVER}",
        f"here is my server {SERVER} and my key {KEY}",
        f"{SERVER}/{KEY}",
        f"<{SERVER}/{KEY}>",
        f"{SERVER}/{KEY}\n{KEY}",
        f"\ufeff{SERVER}\u00a0{KEY}\u200b",
        f"RTMP://push-rtmp-l10-sg01.tiktokcdn.com/game {KEY}",
    ],
)
def test_both_are_found(text: str) -> None:
    assert read_paste(text) == Pasted(SERVER, KEY)


def test_a_key_alone() -> None:
    assert read_paste(f" {KEY}\n") == Pasted("", KEY)
    assert read_paste("live_1234_abcDEF") == Pasted("", "live_1234_abcDEF")
    assert read_paste("abcd-efgh-ijkl-mnop") == Pasted("", "abcd-efgh-ijkl-mnop")
    assert read_paste("abcdefgh") == Pasted("", "abcdefgh")


def test_a_server_alone() -> None:
    assert read_paste("rtmps://live.example:443/app/") == Pasted("rtmps://live.example:443/app", "")


@pytest.mark.parametrize(
    "text",
    ["", "   \n", "a", "rtmp://", "rtmp://host", "rtmp://host:99999/app k-123456", "rtmp://ho st",
     "rtmp://a/app key-1\nrtmp://b/app", "key-number-1 key-number-2", "'\"", "\x00\x01"],
)  # fmt: skip
def test_nothing_usable_is_invalid(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_paste(text)
    assert caught.value.code == "paste"


@pytest.mark.parametrize("text", [f"{SERVER} {KEY} {KEY}2", f"rtmp://h:0/a {KEY}"])
def test_errors_hold_no_key(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_paste(text)
    assert "sign" not in str(caught.value)
    assert "sign" not in str(caught.value.facts)


@given(st.text(st.sampled_from("abcXYZ0189-_?=&/+%.~!*"), min_size=4, max_size=60).map(lambda tail: f"stream-1{tail}"))
def test_a_key_arrives_byte_for_byte(key: str) -> None:
    assert read_paste(f"{SERVER}\n{key}").key == key
    assert read_paste(f"{SERVER}/{key}") == Pasted(SERVER, key)


@given(st.text(max_size=200))
def test_any_text_is_a_paste_or_invalid(text: str) -> None:
    try:
        found = read_paste(text)
    except Invalid as error:
        usable = error.code == "paste"
    else:
        usable = bool(found.server or found.key)
    assert usable


def test_pasted_hides_the_key() -> None:
    assert KEY not in repr(read_paste(KEY))


def test_servers() -> None:
    assert read_server("RTMPS://Host.Example:443/app/") == "rtmps://host.example:443/app"
    assert read_server("rtmp://[::1]:1935/live") == "rtmp://[::1]:1935/live"
    assert read_server("rtmp://h/app?auth=1") == "rtmp://h/app?auth=1"
    assert without_query("rtmp://h/app?auth=1") == "rtmp://h/app?<hidden>"
    assert host_of("rtmp://h:1/app") == "h:1"
    assert host_of("") == ""


@pytest.mark.parametrize(
    ("key", "at"),
    [
        (KEY, 0x6AB2C0B9),
        ("stream-1?wsTime=6ab2c0b9&wsSecret=1", 0x6AB2C0B9),
        ("stream-1?expire=1790099641", 1790099641),
        ("stream-1?expire=soon", 0),
        ("stream-1?expire=00000001", 0),
        ("stream-1", 0),
        ("", 0),
    ],
)
def test_expiry(key: str, at: int) -> None:
    assert expiry_of(key) == at
