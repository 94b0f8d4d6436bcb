"""Keys as platforms give them."""

from __future__ import annotations

from hypothesis import strategies as st

# Everything visible that may stand in an address (RFC 3986), without what a sentence puts around a word.
INSIDE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%"


EDGE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/?#@!$&*+=%"


SIGNED = st.builds(
    lambda number, tail, end: f"stream-{number}?expire=6ab2c0b9&sign={tail}{end}",
    st.integers(10**6, 10**19),
    st.text(st.sampled_from(INSIDE), max_size=80),
    st.sampled_from(EDGE),
)


TWITCH = st.from_regex(r"live_[0-9]{6,10}_[A-Za-z0-9]{30}", fullmatch=True)


YOUTUBE = st.from_regex(r"([a-z0-9]{4}-){4}[a-z0-9]{4}", fullmatch=True)


OWN = st.builds(lambda body: f"k7_{body}9", st.text(st.sampled_from(INSIDE), min_size=6, max_size=200))


KEYS = st.one_of(SIGNED, TWITCH, YOUTUBE, OWN)
