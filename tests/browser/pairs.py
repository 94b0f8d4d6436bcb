"""Which pictures to look at: few, and yet every pair of screen, size, language, theme and size of text is in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

type Row = dict[str, str]
type Pair = tuple[tuple[str, str], ...]


def covering(values: Mapping[str, Sequence[str]]) -> list[Row]:
    """Rows in which every pair of values of two different names occurs.

    Greedy: every pair of the two longest has a row, which takes along what covers most of the rest; what is left then
    has rows of its own.
    """
    missing = {
        _pair((one, a), (other, b))
        for one, other in combinations(values, 2)
        for a, b in product(values[one], values[other])
    }
    first, second = sorted(values, key=lambda name: -len(values[name]))[:2]
    begun: list[Row] = [{first: a, second: b} for a, b in product(values[first], values[second])]
    rows: list[Row] = []
    while begun or missing:
        row = begun.pop(0) if begun else dict(min(missing))
        for name in values:
            if name not in row:
                row[name] = _best(row, name, values[name], missing)
        missing -= _pairs_of(row)
        rows.append(row)
    return rows


def _best(row: Row, name: str, values: Sequence[str], missing: set[Pair]) -> str:
    return max(values, key=lambda value: len(_pairs_of({**row, name: value}) & missing))


def _pairs_of(row: Row) -> set[Pair]:
    return {_pair(*pair) for pair in combinations(row.items(), 2)}


def _pair(one: tuple[str, str], other: tuple[str, str]) -> Pair:
    return tuple(sorted((one, other)))
