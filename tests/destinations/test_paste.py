"""What people paste becomes a server and a key, byte for byte."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.destinations.paste import Pasted, read_paste
from appliance.errors import Invalid
from tests.destinations.keys import KEYS, SIGNED, TWITCH, YOUTUBE

BAD_SERVERS = [
    "rtmp//push.tiktokcdn.com/game",
    "rtmp:/push.tiktokcdn.com/game",
    "rtmp://push.tiktokkcdn.com/game",
    "rtmp://push.tiktokcdn.com",
    "rtmp://",
    "rtmp://h:0/a",
    "rtmp://a/app rtmp://b/app",
    "srt://h.example:1/x",
]
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


LABELLED = [
    ("URL del servidor", "Clave de transmisión"),
    ("URL do servidor", "Chave de transmissão"),
    ("URL du serveur", "Clé de stream"),
    ("Server-URL", "Streamschlüssel"),
    ("Server-URL", "Stream-Schlüssel"),
    ("URL server", "Chiave dello stream"),
    ("Server-URL", "Streamsleutel"),
    ("Adres URL serwera", "Klucz strumienia"),
    ("Sunucu URL'si", "Yayın anahtarı"),
    ("URL server", "Kunci streaming"),
    ("URL máy chủ", "Khóa luồng"),
    ("URL-адрес сервера", "Ключ трансляции"),
    ("URL-адреса сервера", "Ключ трансляції"),
    ("عنوان الخادم", "مفتاح البث"),
    ("כתובת השרת", "מפתח שידור"),
    ("サーバーURL", "ストリームキー"),
    ("서버 URL", "스트림 키"),
    ("服务器地址", "串流密钥"),
    ("伺服器網址", "串流金鑰"),
    ("सर्वर यूआरएल", "स्ट्रीम कुंजी"),
    ("URL เซิร์ฟเวอร์", "คีย์สตรีม"),
]


@pytest.mark.parametrize(("server", "key"), LABELLED)
@pytest.mark.parametrize("sign", [": ", ":", "\n", " - ", "\uff1a", " = "])
@pytest.mark.parametrize("secret", [KEY, "live_123456789_aBcDeF0123", "abcd-efgh-ijkl-mnop-qrst"])
def test_labels_of_many_languages(server: str, key: str, sign: str, secret: str) -> None:
    assert read_paste(f"{server}{sign}{SERVER}\n{key}{sign}{secret}") == Pasted(SERVER, secret)
    assert read_paste(f"{key}{sign}{secret}\n\n{server}{sign}{SERVER}/") == Pasted(SERVER, secret)


@pytest.mark.parametrize(
    "text",
    [
        f"\U0001f511 {KEY}\n\U0001f4e1 {SERVER}\n\nSent from my iPhone",
        f"\u2022 {SERVER}\n\u2022 {KEY}\n\nGet the app https://vm.tiktok.com/ZM8abcd12/",
        f'{{"server": "{SERVER}", "key": "{KEY}"}}',
        f'{{"server":"{SERVER}","key":"{KEY}"}}',
        f"Notes, 12:45\nserver= {SERVER}/ ; key= {KEY} ;",
        f"\u200e{SERVER}\u200e\r\n\u202a{KEY}\u202c",
        f"{SERVER[:20]}\u200b{SERVER[20:]}\n{KEY[:30]}\u200b{KEY[30:]}",
        f"\u2060{SERVER}\u2028{KEY}\u00ad",
        f"({SERVER})\n({KEY})",
        f"{SERVER}\n{SERVER}/{KEY}\n{KEY}",
        f"ストリームキー{KEY}\n{SERVER}",
    ],
)
def test_what_phones_add_goes(text: str) -> None:
    assert read_paste(text) == Pasted(SERVER, KEY)


@pytest.mark.parametrize("damage", ["\u2014", "\u2019", "\u2026", "é", "\u0430"])
def test_a_damaged_key_is_refused_not_guessed(damage: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_paste(f"{SERVER}\n{KEY[:30]}{damage}{KEY[30:]}")
    assert caught.value.facts == {"found": "damaged"}


def test_a_web_page_is_not_a_server() -> None:
    with pytest.raises(Invalid) as caught:
        read_paste("https://livecenter.tiktok.com/producer")
    assert caught.value.facts == {"found": "page"}


NOISE = st.sampled_from(["", " ", "\n", "\r\n\r\n", "\t", "\u200b", "\ufeff", "\u00a0", " \u2022 ", "\u2028"])
QUOTES = st.sampled_from([("", ""), ('"', '"'), ("\u201c", "\u201d"), ("<", ">"), ("\u00ab", "\u00bb"), ("`", "`")])


@given(KEYS, NOISE, NOISE, QUOTES, st.sampled_from([pair[1] for pair in LABELLED] + [""]), st.booleans())
def test_a_key_is_never_changed_by_a_byte(
    key: str, before: str, after: str, quotes: tuple[str, str], label: str, key_first: bool
) -> None:
    left, right = quotes
    secret = f"{label}: {before}{left}{key}{right}{after}" if label else f"{before}{left}{key}{right}{after}"
    address = f"{before}{left}{SERVER}{right}{after}"
    text = f"{secret}\n{address}" if key_first else f"{address}\n{secret}"
    assert read_paste(text) == Pasted(SERVER, key)


@given(KEYS)
def test_a_key_survives_a_whole_address(key: str) -> None:
    assert read_paste(f"{SERVER}/{key}") == Pasted(SERVER, key)


@given(KEYS, st.sampled_from(BAD_SERVERS), st.sampled_from(["\n", " ", "/"]))
def test_no_error_ever_holds_a_key(key: str, server: str, between: str) -> None:
    for text in (
        f"{server}{between}{key}",
        f"{key}\n{server}",
        f"{key}\n{key}2\n{server}",
        f"{server}/{key} {key[::-1]}",
    ):
        try:
            read_paste(text)
        except Invalid as error:
            said = f"{error} {error.facts} {error!r} {error.args}"
            # Every run of seven characters would betray a part of the key.
            assert not any(key[at : at + 7] in said for at in range(7, len(key) - 6))


@given(
    st.one_of(SIGNED, TWITCH, YOUTUBE).filter(lambda key: len(key) > 8),
    st.integers(1, 200),
    st.sampled_from([" ", "\n", "\r\n", "\u00a0", "\u2028", "  \n "]),
    st.sampled_from(
        ["{}", "{server} {}", "{}\n{server}", "{server}/{}", "Server: {server}\nKey: {}", "{}\n\nSent from me"]
    ),
)
def test_a_torn_key_is_told_and_never_loses_its_end(key: str, at: int, between: str, around: str) -> None:
    at = 1 + at % (len(key) - 1)
    with pytest.raises(Invalid):
        read_paste(around.format(key[:at] + between + key[at:], server=SERVER))


@pytest.mark.parametrize("place", ["{stream_key}", "<your stream key>", "[key]"])
def test_where_the_key_belongs_is_no_key(place: str) -> None:
    """As lists of a platform's servers write their addresses."""
    template = f"rtmp://live.twitch.tv/app/{place}"
    assert read_paste(template) == Pasted("rtmp://live.twitch.tv/app", "")
    key = "live_123456789_AbCdEfGhIjKlMnOpQrStUvWxYz0123"
    assert read_paste(f"{template}\n{key}") == Pasted("rtmp://live.twitch.tv/app", key)


@pytest.mark.timeout(20)
def test_a_long_run_of_blanks_stops_nobody() -> None:
    with pytest.raises(Invalid):
        read_paste("a" + " " * 16_000 + "b")


@pytest.mark.parametrize("at", range(1, len(KEY)))
def test_a_torn_key_is_said_to_be_torn(at: int) -> None:
    with pytest.raises(Invalid) as caught:
        read_paste(f"{SERVER}\n{KEY[:at]}\n{KEY[at:]}")
    assert caught.value.facts == {"found": "torn"}


@pytest.mark.parametrize("text", [f"{SERVER[:-2]}\n{SERVER[-2:]}\n{KEY}", f"{KEY}\n{SERVER[:-1]} {SERVER[-1:]}"])
def test_a_torn_address_is_told(text: str) -> None:
    with pytest.raises(Invalid):
        read_paste(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{SERVER}\nCopy\n{KEY}\nCopy",
        f"my key {KEY}\nSent from my iPhone",
        f"Key: {KEY}\nServer: {SERVER}",
        f"{SERVER} {KEY} thanks!",
        f"12:45 {KEY}\n{SERVER}",
    ],
)
def test_what_stands_beside_a_key_is_no_piece_of_it(text: str) -> None:
    assert read_paste(text).key == KEY


@pytest.mark.parametrize("text", ["@maya", "@maya.lopez_1", "maya@example.com", f"{SERVER} @maya1", "tiktok.com/@maya"])
def test_a_name_is_no_key(text: str) -> None:
    found = ""
    with suppress(Invalid):
        found = read_paste(text).key
    assert found == ""


def test_which_two_keys_there_are_is_told_by_their_ends() -> None:
    with pytest.raises(Invalid, match="two keys") as caught:
        read_paste(f"{KEY}\n{SERVER}\n{KEY.replace('c43f', 'd54a')[:-4]}abcd")
    assert caught.value.facts == {"found": "keys", "ends": "+y==, abcd"}
