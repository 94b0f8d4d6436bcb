"""AMF0 values survive the trip, and no bytes of a stranger break the reader."""

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.engine.sinks.rtmp import amf
from appliance.engine.sinks.rtmp.amf import AmfError, EcmaArray

text = st.text(max_size=40)
scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | text
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(text.filter(bool), inner, max_size=4)
        | st.dictionaries(text.filter(bool), inner, max_size=4).map(EcmaArray)
    ),
    max_leaves=20,
)


@given(st.lists(values, max_size=5))
def test_values_survive_the_trip(written: list[amf.Value]) -> None:
    assert amf.decode(amf.encode(*written), max_depth=64) == written


def test_bytes_are_those_of_the_specification() -> None:
    wire = amf.encode("connect", 1, {"app": "live", "on": True}, None)
    assert wire == (
        b"\x02\x00\x07connect" + b"\x00\x3f\xf0\0\0\0\0\0\0"
        b"\x03\x00\x03app\x02\x00\x04live\x00\x02on\x01\x01\x00\x00\x09" + b"\x05"
    )


def test_a_long_string_has_its_own_type() -> None:
    long = "x" * 70_000
    assert amf.encode(long)[0] == amf.LONG_STRING
    assert amf.decode(amf.encode(long)) == [long]


def test_an_ecma_array_keeps_its_kind() -> None:
    (array,) = amf.decode(amf.encode(EcmaArray(width=720)))
    assert isinstance(array, EcmaArray)


def test_types_only_others_send_are_read() -> None:
    date = b"\x0b" + struct.pack(">d", 1500.0) + b"\0\0"
    typed = b"\x10\x00\x03abc\x00\x01k\x05\x00\x00\x09"
    assert amf.decode(date + b"\x06\x0d" + typed + b"\x0f\0\0\0\x02ab") == [1500.0, None, None, {"k": None}, "ab"]


@given(st.binary(max_size=200))
@example(b"\x0a\xff\xff\xff\xff")
@example(b"\x08\xff\xff\xff\xff")
@example(b"\x0c\xff\xff\xff\xffx")
def test_garbage_is_values_or_one_kind_of_error(garbage: bytes) -> None:
    try:
        decoded = amf.decode(garbage)
    except AmfError:
        return
    assert len(decoded) <= amf.MAX_VALUES


@pytest.mark.parametrize("nest", [b"\x0a\0\0\0\x01", b"\x03\x00\x01a", b"\x08\0\0\0\x01\x00\x01a"])
def test_deep_nesting_is_refused(nest: bytes) -> None:
    with pytest.raises(AmfError, match="deep"):
        amf.decode(nest * 100_000 + b"\x05")


def test_many_values_are_refused() -> None:
    with pytest.raises(AmfError, match="many"):
        amf.decode(b"\x05" * (amf.MAX_VALUES + 1))


def test_text_that_is_not_utf8_is_readable() -> None:
    assert amf.decode(b"\x02\x00\x02\xff\xfe") == ["\ufffd\ufffd"]


def test_numbers_that_are_not_numbers_are_read() -> None:
    (number,) = amf.decode(b"\x00\x7f\xf8\0\0\0\0\0\0")
    assert isinstance(number, float)
    assert math.isnan(number)
