"""A problem as a value: what is wrong, since when, and when we try again. The code names a page in docs/problems."""

import msgspec

type Fact = str | int | float | bool


class Value(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The base of everything roles exchange: immutable, compared by value, kebab-case in JSON and TOML."""


class Problem(Value, frozen=True):
    """Something a person may want to know or must mend.

    `code` is stable and has a page in docs/problems; `text` is one English sentence that says what is wrong and
    what to do; `facts` are the values that a translated sentence needs. `hints` are further things to try, most
    likely first, with a console's own menu names. `since_at` and `retry_at` are Unix seconds, 0 where unknown or never.
    """

    code: str
    text: str
    hints: tuple[str, ...] = ()
    facts: dict[str, Fact] = {}
    since_at: float = 0.0
    retry_at: float = 0.0
