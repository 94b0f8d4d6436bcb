"""EDIDs as they are read before they are written to an input, and what the shipped ones tell a console."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.v4l2.edid import parse_edid, same_edid
from appliance.errors import Invalid
from tests.project import ROOT

FILES = {path.stem: path for path in (ROOT / "hw-profiles" / "edid").glob("*.hex")}
CLOCK_KHZ = {1: 25_175, 2: 27_000, 3: 27_000, 4: 74_250, 16: 148_500, 19: 74_250, 31: 148_500, 34: 74_250}
"""CTA-861's pixel clocks by VIC."""


def data_blocks(edid: bytes) -> dict[int, bytes]:
    """The CTA extension's data blocks by tag."""
    cta = edid[128:]
    blocks: dict[int, bytes] = {}
    at = 4
    while at < cta[2]:
        length = cta[at] & 31
        blocks[cta[at] >> 5] = cta[at + 1 : at + 1 + length]
        at += 1 + length
    assert at == cta[2]
    return blocks


def preferred(edid: bytes) -> tuple[int, int, int]:
    """Width, height and pixel clock in kHz of the first detailed timing."""
    timing = edid[54:72]
    width = timing[2] | timing[4] >> 4 << 8
    height = timing[5] | timing[7] >> 4 << 8
    return width, height, int.from_bytes(timing[:2], "little") * 10


@pytest.fixture(params=list(FILES.values()), ids=list(FILES))
def edid(request: pytest.FixtureRequest) -> bytes:
    return parse_edid(request.param.read_text())


def test_blocks_sum_to_zero_and_announce_one_extension(edid: bytes) -> None:
    assert len(edid) == 256
    assert sum(edid[:128]) % 256 == 0
    assert sum(edid[128:]) % 256 == 0
    assert edid[126] == 1
    assert edid[128:130] == b"\x02\x03"


def test_it_says_hdmi_with_stereo_sound_at_48_khz(edid: bytes) -> None:
    blocks = data_blocks(edid)
    assert blocks[3][:3] == b"\x03\x0c\x00", "without the HDMI block consoles send DVI, without sound"
    assert blocks[1] == bytes((1 << 3 | 1, 0x04, 0x01))
    assert edid[131] & 0x40


def test_it_offers_nothing_that_a_receiver_cannot_take(edid: bytes) -> None:
    blocks = data_blocks(edid)
    assert set(blocks) == {1, 2, 3, 4, 7}
    assert blocks[7][0] == 0, "the only extended block is video capability: no 4:2:0, HDR or VRR"
    assert blocks[3][5] == 0, "no deep colour"
    assert blocks[3][6] * 5 <= 165
    assert all(CLOCK_KHZ[vic & 127] <= blocks[3][6] * 5000 for vic in blocks[2])


def test_two_lanes_prefer_720p60_and_never_offer_1080p60() -> None:
    edid = parse_edid(FILES["two-lanes-720p60"].read_text())
    assert preferred(edid) == (1280, 720, 74_250)
    vics = [vic & 127 for vic in data_blocks(edid)[2]]
    assert vics[0] == 4
    assert 16 not in vics


def test_four_lanes_prefer_1080p60() -> None:
    edid = parse_edid(FILES["four-lanes-1080p60"].read_text())
    assert preferred(edid) == (1920, 1080, 148_500)
    assert data_blocks(edid)[2][0] & 127 == 16


def test_comments_and_spaces_do_not_count() -> None:
    text = FILES["four-lanes-1080p60"].read_text()
    assert parse_edid("# 1080p60\n" + text.upper().replace(" ", "")) == parse_edid(text)


WHOLE = parse_edid(FILES["four-lanes-1080p60"].read_text())


@pytest.mark.parametrize(
    "text",
    ["no hex", "", "00ff", "00" * 128, WHOLE.hex()[:-2], WHOLE[:128].hex(), "01" + WHOLE.hex()[2:],
     WHOLE[:200].hex() + "ff" + WHOLE[201:].hex()],
    ids=["words", "empty", "short", "no header", "cut", "block missing", "other header", "checksum"],
)  # fmt: skip
def test_anything_else_is_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_edid(text)
    assert refused.value.code == "bad-edid"
    assert "\n" not in str(refused.value)


def test_the_address_that_a_driver_fills_in_does_not_count() -> None:
    def with_address(address: bytes) -> bytes:
        changed = bytearray(WHOLE)
        at = WHOLE.index(b"\x03\x0c\x00") + 3
        changed[at : at + 2] = address
        changed[255] = -sum(changed[128:255]) % 256
        return bytes(changed)

    assert with_address(b"\x20\x00") != WHOLE
    assert same_edid(with_address(b"\x20\x00"), WHOLE)
    assert not same_edid(parse_edid(FILES["two-lanes-720p60"].read_text()), WHOLE)
    assert not same_edid(b"", WHOLE)


@given(st.binary(max_size=600))
def test_comparing_survives_any_bytes(data: bytes) -> None:
    assert same_edid(data, data)
    assert same_edid(WHOLE[:128] + data, WHOLE[:128] + data)
