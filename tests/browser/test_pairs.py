"""The pictures that are looked at are few, and no pair of what may meet is left out."""

from __future__ import annotations

from itertools import combinations, product

from tests.browser.pairs import covering
from tests.browser.pictures import VIEWS


def test_every_pair_is_in_a_picture_and_there_are_at_most_150() -> None:
    rows = covering(VIEWS)
    assert len(rows) <= 150
    assert {tuple(row) for row in map(sorted, rows)} == {tuple(sorted(VIEWS))}
    for one, other in combinations(VIEWS, 2):
        seen = {(row[one], row[other]) for row in rows}
        assert seen == set(product(VIEWS[one], VIEWS[other])), (one, other)
