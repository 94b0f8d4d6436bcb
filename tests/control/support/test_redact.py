"""Links, QR codes and long random words are taken out of text, and no line makes the redactor slow."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.qr import qr_text
from appliance.control.support.redact import HIDDEN, redacted

LINK = "http://192.168.1.20/#Zq3vN8sLk2Wm9Xc4Rt7Yb1"
BASE64 = string.ascii_letters + string.digits + "-_"
BLOCKS = {chr(sign) for sign in range(0x2580, 0x25A0)}
JOURNAL = "2026-11-25T11:00:00+0000 box plugcast-control[71]: "
HOSTILE = ["a://", "a://b:", "a://b:c@", "rtmp://a/b/c", "-a", "key ", "key=", "Bearer ", "live", "stream-", "1234 ",
           " ", "█ ", "key    ", "x?", "#", "pin\"", "a=b&", "token: \"", "é", "://"]  # fmt: skip


def is_mixed(text: str) -> bool:
    """Whether at least a third of the letters are small and a third large, as nearly always in a random word."""
    return min(sum(sign.isupper() for sign in text), sum(sign.islower() for sign in text)) * 3 >= len(text)


@pytest.mark.parametrize("coloured", [True, False])
@pytest.mark.parametrize("before", ["", JOURNAL])
def test_a_qr_code_leaves_nothing_to_scan(before: str, coloured: bool) -> None:
    lines = [before + line for line in qr_text(LINK, coloured=coloured).splitlines()]
    assert len(lines) > 12
    hidden = [redacted(line) for line in lines]
    assert not BLOCKS & set("".join(hidden))
    assert all(line.startswith(before) for line in hidden)
    # Neither do the lengths of what is left draw it.
    inner = {line for line in hidden if HIDDEN in line}
    assert len({line.replace(" ", "") for line in inner}) <= 2


@given(st.text(alphabet=BASE64, min_size=16, max_size=43), st.sampled_from(["", JOURNAL, "panel ", '{"link":"']))
def test_a_link_keeps_its_token_to_itself(token: str, before: str) -> None:
    text = redacted(f"{before}https://plugcast.local:8080/#{token}")
    assert text == f"{before}https://plugcast.local:8080/#{HIDDEN}"


@given(st.text(alphabet=string.ascii_letters, min_size=22, max_size=43).filter(is_mixed))
def test_a_token_without_a_digit_is_hidden(token: str) -> None:
    assert redacted(f"x{JOURNAL}{token}.") == f"x{JOURNAL}{HIDDEN}."


@pytest.mark.parametrize("name", ["ServerRefusedErrorWithALongName", "plugcast_destination_backlog_seconds",
                                  "PLUGCAST_SIGNAL_LOSSES_TOTAL", "https://www.tiktok.com/@maya/live"])  # fmt: skip
def test_a_long_name_stays(name: str) -> None:
    assert redacted(name) == name


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("end", ["", "!", "@h", "?x", "\n"])
def test_a_long_line_takes_no_longer_than_its_length(piece: str, end: str) -> None:
    # Two hundred thousand signs: a step that looks at a part of the line again for every place in it takes minutes,
    # and the test's own limit ends it.
    redacted(piece * (200_000 // len(piece)) + end, ["a-secret-that-is-not-there"])


def test_both_addresses_of_a_word_are_hidden() -> None:
    assert "k3y" not in redacted("rtmp://a/live/k3y,rtmp://b/live/k3y")
    assert "s3cret" not in redacted("http://a?x=s3cret,b")
