"""A protobuf writer of our own, so that no class of the client writes what the client reads; fields by number."""

from __future__ import annotations

from collections.abc import Mapping

type Field = int | bool | str | bytes | Mapping[int, Field] | list[Field]
"""A number, words, bytes, a message by its fields' numbers, or several of one of these."""


def message(fields: Mapping[int, Field]) -> bytes:
    """The bytes of a message."""
    return b"".join(_field(number, value) for number, value in fields.items())


def _field(number: int, value: Field) -> bytes:
    if isinstance(value, list):
        return b"".join(_field(number, one) for one in value)
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else message(value)
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
