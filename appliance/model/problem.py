"""A problem as a value: what is wrong, since when, and when we try again. The code names a page in docs/problems."""

from typing import Annotated

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes that are not what was expected: also broken UTF-8, and nesting without end."""

type Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""A whole number that every JSON reader and every division can take; what arrives beyond is refused."""

type Fact = str | Whole | float | bool


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
