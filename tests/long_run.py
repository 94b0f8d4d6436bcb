"""Values of a parameter that are for the long run alone: another size, another rate, the same thing once more."""

from __future__ import annotations

from typing import Any

import pytest


def only_long(*values: Any) -> list[Any]:
    """Each value, marked so that `./dev test` leaves it to `./dev test --long`; a tuple is one value for each name."""
    return [
        pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.long) for value in values
    ]
