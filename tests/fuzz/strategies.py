"""What hostile peers send, as Hypothesis strategies: bytes near valid ones, JSON near our types, TOML, pastes."""

from __future__ import annotations

import string
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from tests.fakes.script import EDGES

words = st.text(max_size=12) | st.sampled_from(("", "\x00", "\ud7ff", "\U0010ffff", "../x", "a" * 5000, "-1", "auto"))
numbers = st.sampled_from((*EDGES, -1, -(2**63), 2**63, 2**64, 10**30)) | st.integers()
scalars = st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | words
wild = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=12
)
"""Any JSON value."""

_lies = st.tuples(st.integers(0, 60), st.sampled_from((255, 250, 240, 230)), st.binary(min_size=1, max_size=6))
scripts = st.lists(_lies, min_size=1, max_size=24).map(
    lambda lies: b"".join(bytes(quiet) + bytes((lie,)) + detail for quiet, lie, detail in lies)
)
"""Bytes for `tests.fakes.script.Script`: quiet stretches, long enough to get somewhere, with lies between them."""


@st.composite
def near(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Bytes near one of `seeds`: cut, repeated, overwritten, joined; or any bytes."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=600))
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 4)):
            case 0:
                del data[at:]
            case 1:
                data[at : at + 4] = draw(st.sampled_from((bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1")))
            case 2:
                data[at:at] = draw(st.binary(max_size=20))
            case 3:
                data[at:at] = data[at : at + draw(st.integers(1, 64))] * draw(st.integers(1, 20))
            case _:
                data += draw(st.sampled_from(seeds))
    return bytes(data)


def json_of(kind: Any) -> st.SearchStrategy[Any]:
    """JSON values near a type of ours: mostly valid, now and then wild in one place."""
    return _value(inspect.type_info(kind))


def _value(info: inspect.Type) -> st.SearchStrategy[Any]:
    sane = _sane(info)
    return st.integers(0, 24).flatmap(lambda dice: wild if dice == 0 else sane)


def _sane(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.IntType(ge=low, le=high):
            edges = [edge for edge in EDGES if (low or 0) <= edge <= (high or 2**53)]
            return st.integers(low, high) | st.sampled_from(edges or [low or 0])
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType():
            return st.text(string.printable, max_size=8) | words
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.EnumType(cls=cls):
            return st.sampled_from([member.value for member in cls])
        case inspect.VarTupleType(item_type=item):
            return st.lists(_value(item), max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*(_value(item) for item in items)).map(list)
        case inspect.DictType(value_type=item):
            return st.dictionaries(words, _value(item), max_size=3)
        case inspect.UnionType(types=types):
            return st.one_of([_sane(one) for one in types])
        case inspect.StructType():
            return _struct(info)
        case _:
            return st.none()


def _struct(info: inspect.StructType) -> st.SearchStrategy[Any]:
    fields = {field.encode_name: _value(field.type) for field in info.fields}
    required = {field.encode_name for field in info.fields if field.required}
    tag = {info.tag_field: st.just(info.tag)} if info.tag_field else {}
    return st.fixed_dictionaries(
        tag | {name: fields[name] for name in required}, optional={n: s for n, s in fields.items() if n not in required}
    )


def messages(kind: Any) -> st.SearchStrategy[bytes]:
    """The same as bytes; broken UTF-8 and deep nesting now and then."""
    good = json_of(kind).map(msgspec.json.encode)
    broken = good.flatmap(lambda body: near((body,)))
    deep = st.sampled_from((b"[" * 50_000, b'{"a":' * 50_000))
    return good | good | broken | deep


_KEYS = ("state-dir", "panel", "panel.port", "panel.names", "picture.size", "picture.fps", "capture.device", "language",
         "destination", "destination.tiktok.server", "destination.tiktok.key-file", "destination.tiktok.key",
         "record.directory", "encoder.bitrate-kbps", "run-dir", "chat.app-url", '"\\u0000"', "a.b.c.d")  # fmt: skip
_VALUES = ("1", "-1", "0x" + "f" * 3000, "9" * 4000, "1e400", "nan", "inf", "true", '""', '"\\u0000"', '"a\\n"', "''",
           '"720x1280"', '"99999x99999"', '"rtmp://h/app/k3y-s3cr3t"', '"rtmp://\u0661:\u0661/a"', "[]", '["a\\n"]',
           "[" * 900 + "]" * 900, "{}", "{a={a={a=1}}}", "1979-05-27T07:32:00Z", "[1, \"a\"]", '"""\n"""')  # fmt: skip


@st.composite
def toml_files(draw: st.DrawFn) -> bytes:
    """A box.toml that may be right, and mostly is not."""
    lines = []
    for _ in range(draw(st.integers(0, 5))):
        key, value = draw(st.sampled_from(_KEYS)), draw(st.sampled_from(_VALUES) | st.text(max_size=20))
        lines.append(draw(st.sampled_from((f"{key} = {value}", f"[{key}]", f"[[{key}]]", f"{key}.x = {value}", value))))
    return draw(near(("\n".join(lines).encode(errors="replace"),)) | st.just("\n".join(lines).encode(errors="replace")))


@st.composite
def pastes(draw: st.DrawFn) -> tuple[str, str]:
    """(text, the key in it): what people paste, with all that surrounds it."""
    key = draw(st.text(string.ascii_letters + string.digits + "-_?=&%./+", min_size=12, max_size=80))
    key = "k3y" + key
    around = st.sampled_from(("", " ", "\n", "Stream key: ", "Server URL:\n", '"', "\u200b", "rtmp://h/app ", "rtmps://h:x/a/",
                              "rtmp://h/app/", "key=", "\x00", "(" * 500, "rtmp " * 200, "-" * 2000))  # fmt: skip
    noise = draw(st.lists(around | st.text(max_size=10), max_size=4))
    at = draw(st.integers(0, len(noise)))
    return "".join([*noise[:at], key, *noise[at:]]), key
