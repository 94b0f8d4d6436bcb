"""What owners paste becomes an address and a key, or a sentence that says what to change; a key is never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.sinks.rtmp.address import Address, Target, parse_key, parse_server
from appliance.errors import Invalid

KEY = "stream-2137703598951235785?amun=true&c=ID&expire=6ab2c0b9&sign=c43f/x+y=="


@pytest.mark.parametrize(
    ("text", "address", "tc_url"),
    [
        ("rtmp://host/live", ("rtmp", "host", 1935, "live"), "rtmp://host/live"),
        (" RTMP://Host.Example/game/ \n", ("rtmp", "host.example", 1935, "game"), "rtmp://host.example/game"),
        ("rtmp://h:1936/a/b", ("rtmp", "h", 1936, "a/b"), "rtmp://h:1936/a/b"),
        ("rtmps://h/rtmp/", ("rtmps", "h", 443, "rtmp"), "rtmps://h/rtmp"),
        ("rtmps://h:443/rtmp", ("rtmps", "h", 443, "rtmp"), "rtmps://h/rtmp"),
        ("rtmp://[::1]/live", ("rtmp", "::1", 1935, "live"), "rtmp://[::1]/live"),
        ("rtmp://[2001:db8::5]:2000/live", ("rtmp", "2001:db8::5", 2000, "live"), "rtmp://[2001:db8::5]:2000/live"),
        ("rtmp://h/live?token=a/b", ("rtmp", "h", 1935, "live?token=a/b"), "rtmp://h/live?token=a/b"),
        ("rtmp://bücher.example/live", ("rtmp", "xn--bcher-kva.example", 1935, "live"), None),
    ],
)
def test_servers_are_taken_apart(text: str, address: tuple[str, str, int, str], tc_url: str | None) -> None:
    parsed = parse_server(text)
    assert parsed == Address(*address)
    assert tc_url is None or parsed.tc_url == tc_url


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("", "scheme", "rtmp://"),
        ("host/live", "scheme", "rtmp://"),
        ("https://host/live", "scheme", "nothing else"),
        ("rtmp:/host/live", "scheme", "rtmp://"),
        ("rtmp://", "host", "no host"),
        ("rtmp:///live", "host", "no host"),
        ("rtmp://host", "path", "ends after the host"),
        ("rtmp://host/", "path", "ends after the host"),
        ("rtmp://host/?x", "path", "ends after the host"),
        ("rtmp://host?x=1/live", "path", "cut short"),
        ("rtmp://host/li#ve", "path", "#"),
        ("rtmp://host/li ve", "space", "space"),
        ("rtmp://user:word@host/live", "user", "password"),
        ("rtmp://host:/live", "port", "port"),
        ("rtmp://host:0/live", "port", "65535"),
        ("rtmp://host:65536/live", "port", "65535"),
        ("rtmp://host:19x/live", "port", "65535"),
        ("rtmp://::1/live", "host", "[ and ]"),
        ("rtmp://[::1/live", "host", "["),
        ("rtmp://[1.2]/live", "host", "IPv6"),
        ("rtmp://ho_st..x/live", "host", "host name"),
        ("rtmp://" + "a" * 64 + ".x/live", "host", "host name"),
        ("rtmp://-x/live", "host", "host name"),
    ],
)
def test_wrong_servers_say_what_to_change(text: str, reason: str, words: str) -> None:
    with pytest.raises(Invalid, match=r"server address|IPv6") as caught:
        parse_server(text)
    assert caught.value.code == "server-address-wrong"
    assert caught.value.facts["reason"] == reason
    assert words in str(caught.value)


@given(st.text(alphabet=st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc", "Zs"]), min_size=1))
def test_a_key_is_kept_byte_for_byte(key: str) -> None:
    if "://" not in key[:10] and key == key.strip():
        assert parse_key(f"  {key}\r\n") == key


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "stream-key-missing"),
        (" \n", "stream-key-missing"),
        ("rtmp://host/live/secret-one", "stream-key-wrong"),
        ("secret-one\nsecret-two", "stream-key-wrong"),
        ("secret-one\x00", "stream-key-wrong"),
        ("secret-one" * 500, "stream-key-wrong"),
    ],
)
def test_wrong_keys_are_refused_without_being_quoted(key: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_key(key)
    assert caught.value.code == code
    assert "secret" not in str(caught.value) + repr(caught.value) + repr(caught.value.facts)


def test_a_target_never_shows_its_key() -> None:
    target = Target.parse("tiktok", "rtmp://host/live?token=hush-hush", KEY)
    for shown in (repr(target), str(target), f"{target}", repr(target.address), str(target.address)):
        assert "2137" not in shown
        assert "hush" not in shown
    assert target.key == KEY


def test_a_missing_certificate_file_is_named() -> None:
    with pytest.raises(Invalid, match=r"/nowhere/ca\.pem") as caught:
        Target.parse("tiktok", "rtmps://host/live", KEY, "/nowhere/ca.pem")
    assert caught.value.code == "ca-file-missing"


@pytest.mark.parametrize(
    "said",
    [
        f"no stream {KEY} here",
        "no stream stream-2137703598951235785 here",
        "bad query amun=true&c=ID&expire=6ab2c0b9&sign=c43f/x+y==",
        "bad signature: 6ab2c0b9",
        "no stream stream-2137703598951235785%3Famun%3Dtrue%26c%3DID%26expire%3D6ab2c0b9%26sign%3Dc43f%2Fx%2By%3D%3D.",
    ],
)
def test_a_servers_words_are_masked(said: str) -> None:
    target = Target.parse("tiktok", "rtmp://host/live", KEY)
    masked = target.mask(said)
    assert "<hidden>" in masked
    assert "2137703598951235785" not in masked
    assert "6ab2c0b9" not in masked


def test_masking_a_short_key_keeps_the_mask_whole() -> None:
    assert Target.parse("t", "rtmp://h/live", "d").mask("denied") == "<hidden>enie<hidden>"
