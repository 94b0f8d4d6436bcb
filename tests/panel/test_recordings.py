"""Recordings over HTTP: whole, in ranges, and only by their names."""

from __future__ import annotations

import pytest

from appliance.access.denied import Denied
from appliance.panel.recordings import wanted_range


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("", None),
        ("bytes=0-", (0, 999)),
        ("bytes=0-0", (0, 0)),
        ("bytes=500-599", (500, 599)),
        ("bytes=500-5000", (500, 999)),
        ("bytes=-100", (900, 999)),
        ("bytes=-5000", (0, 999)),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_what_the_standard_says(asked: str, part: tuple[int, int] | None) -> None:
    assert wanted_range(asked, 1000) == part


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5-4", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_that_is_not_there_is_said(asked: str) -> None:
    with pytest.raises(Denied) as denied:
        wanted_range(asked, 1000)
    assert (denied.value.http_status, denied.value.code) == (416, "no-such-part")
