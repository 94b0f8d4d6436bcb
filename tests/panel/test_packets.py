"""The kept packets: bounded whatever comes, and one who falls behind goes on at a key frame."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Unavailable
from appliance.model.protocol import PACKETS_BEGIN, PACKETS_KEY, PACKETS_MORE
from appliance.panel.packets import MOST_BYTES, Packets


def packets() -> Packets:
    return Packets(lambda: None, lambda: Unavailable("no-live-preview", "None."))


def kept(it: Packets) -> list[bytes]:
    return [one.body for one in it._kept]


def test_two_groups_of_pictures_are_kept() -> None:
    it = packets()
    for body in (b"a", b"b", b"c"):
        it.put(PACKETS_KEY, body)
        it.put(PACKETS_MORE, body + b"+")
    assert kept(it) == [b"b", b"b+", b"c", b"c+"]
    assert it.kept_bytes == 6


def test_one_who_falls_behind_goes_on_at_the_newest_key_frame() -> None:
    it = packets()
    for body in (b"a", b"b", b"c"):
        it.put(PACKETS_KEY, body)
    behind, newest = it._at(0), it._at(2)
    assert behind is not None
    assert behind is newest
    assert it._at(3) is None


@given(st.lists(st.tuples(st.sampled_from((PACKETS_BEGIN, PACKETS_KEY, PACKETS_MORE, 7)), st.integers(0, 2 << 20))))
def test_what_is_kept_is_bounded_and_begins_with_a_key_frame(pieces: list[tuple[int, int]]) -> None:
    it = packets()
    for kind, size in pieces:
        it.put(kind, bytes(size))
        assert it.kept_bytes == sum(len(body) for body in kept(it)) <= MOST_BYTES
        assert not it._kept or it._kept[0].is_key
