"""Bytes as a script of misbehaviour: a fake peer asks it what to do next, so any bytes are a whole hostile peer.

Atheris and Hypothesis both make such bytes and shrink them. When the script is used up everything answers sanely, so
an empty script is a peer that behaves.
"""

from __future__ import annotations

from collections.abc import Sequence

EDGES = (0, 1, 2, 7, 15, 16, 17, 31, 64, 127, 128, 255, 256, 1023, 4096, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
"""Numbers at which programs go wrong."""


class Script:
    """Reads decisions from bytes. One byte decides whether to misbehave: most bytes do not."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._data)

    def byte(self) -> int:
        """The next byte, 0 when nothing is left."""
        if self.is_over:
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def lies(self, one_in: int = 8) -> bool:
        """Whether to misbehave here."""
        return self.byte() >= 256 - 256 // one_in

    def choice[T](self, choices: Sequence[T]) -> T:
        """One of several."""
        return choices[self.byte() % len(choices)]

    def number(self, sane: int, bits: int = 32) -> int:
        """A number that is sane unless the script lies: then near it, at an edge, or anything."""
        if not self.lies():
            return sane
        match self.byte() % 3:
            case 0:
                wrong = sane + self.byte() - 128
            case 1:
                wrong = self.choice(EDGES)
            case _:
                wrong = int.from_bytes(bytes(self.byte() for _ in range(bits // 8)))
        return wrong % (1 << bits)

    def signed(self, sane: int, bits: int = 64) -> int:
        """As `number`, with negative ones."""
        value = self.number(sane % (1 << bits), bits)
        return value - (1 << bits) if value >> (bits - 1) else value
