"""The key concierge: takes what was pasted into the secret store and says in facts and one hint what it took.

It never gives a key back: a host, four last characters and an end are all that leaves it. Blocks on the disk.
"""

from __future__ import annotations

import math

from appliance.control.keys import Credential, KeyStore, summary
from appliance.destinations.paste import WEAK, Pasted, mistyped, read_paste, strength
from appliance.destinations.rtmp_address import host_of, read_server
from appliance.destinations.typos import Typo, typo_in
from appliance.errors import Fact, Invalid
from appliance.model.config import Config, DestinationConfig, platform_of
from appliance.model.platforms.registry import looks_like_a_key, platform_at, platform_named, platform_of_key
from appliance.model.problem import Problem

SHORTEST_ALONE, SHORTEST_SIGNED = 8, 16
"""How long a key of no known form must be that comes without its server: for somebody's own server, for a platform."""
SOON_S = 600
"""A key that ends within this time may not last for the LIVE that is about to start."""

EXPIRED = Problem(code="key-expired", text="This key has run out. Get a new one from the platform's page and paste it.")
SOON = Problem(code="key-ends-soon", text="This key ends within 10 minutes. Go LIVE now, or get a new one.")
USED = Problem(code="key-used", text="This key was used in a LIVE that ended: TikTok gives a new one each LIVE.")
REFUSED = Problem(code="stream-key-refused", text="The server refused this key when it was last tried. Get a new one.")
NO_KEY = ("no-key", "The server is here. Now paste the stream key too.")
NO_SERVER = ("no-server", "The key is here. Now paste the server URL too.")
SAME = ("same-key", "This is the key that was here already.")


def take(keys: KeyStore, config: Config, name: str, text: str, now: float) -> dict[str, Fact]:
    """Keeps what a paste holds for destination `name`; `now` is Unix seconds.

    The facts are `took-server`, `took-key`, `expires-at` (Unix seconds, 0 unknown), `expired`, `host`, `last4` and,
    when there is something to know, `hint` with `hint-code`. Raises `Invalid` and `Unavailable`.
    """
    pasted = read_paste(text)
    before = keys.kept(name)
    choice = config.destination.get(name, DestinationConfig())
    must_belong(pasted, before, config, name)
    must_be_a_key(pasted, before, choice.server, platform_of(name, choice))
    keys.keep(name, pasted, choice.server, choice.key_file)
    after = keys.kept(name)
    server = after.server or choice.server
    shown = summary(Credential(name, server, pasted.key))
    facts: dict[str, Fact] = {
        "took-server": bool(pasted.server),
        "took-key": bool(pasted.key),
        "expires-at": shown.expires_at,
        "expired": 0 < shown.expires_at < now,
        "host": shown.host,
        "last4": shown.last4,
    }
    age = freshness(
        expires_at=shown.expires_at,
        is_used=bool(pasted.key) and after.is_used,
        one_live=lasts_one_live(config, name),
        now=now,
    )
    hint = (
        (age.code, age.text)
        if age
        else NO_KEY
        if not after.key or (server and not keys.goes_to(name, server))
        else NO_SERVER
        if not server
        else SAME
        if pasted.key and pasted.key == before.key
        else None
    )
    return {**facts, "hint-code": hint[0], "hint": hint[1]} if hint else facts


def must_belong(pasted: Pasted, before: Credential, config: Config, name: str) -> None:
    """That what was pasted is for this destination, not for another platform. Raises `Invalid` that says for which."""
    choice = config.destination.get(name, DestinationConfig())
    here, host = platform_of(name, choice), _host(pasted.server)
    known_host = _host(before.server or choice.server)
    if not host and known_host and platform_at(known_host) is None:
        return
    # Somebody's own server may want keys of any form.
    owner = platform_at(host) if host else platform_of_key(pasted.key)
    if owner is None or here in {owner.name, "custom"}:
        return
    known = (other for other, choice in config.destination.items() if platform_of(other, choice) == owner.name)
    title, mine = owner.title.en, platform_named(here).title.en
    what = "a key" if pasted.key else "a server"
    raise Invalid(
        "paste-elsewhere",
        f"This is {what} of {title}, and here belongs that of {mine}. Paste it at {title}.",
        platform=owner.name, title=title, here=mine, destination=next(known, owner.name),
    )  # fmt: skip


def must_be_a_key(pasted: Pasted, before: Credential, configured: str, platform: str) -> None:
    """That a key is one: what may be a name or a password never takes a key's place. Raises `Invalid`.

    `before` is what is kept of the destination, `configured` its server in the settings. Somebody's own server may want
    any key, but is then to be pasted with it.
    """
    key, server = pasted.key, pasted.server or before.server or configured
    if not key or looks_like_a_key(key):
        return
    is_own = bool(server) and platform_at(_host(server)) is None
    if pasted.server:
        is_key = is_own or strength(key) > WEAK
    elif is_own or platform == "custom":
        is_key = len(key) >= SHORTEST_ALONE and not key.isalpha() and not looks_like_a_key(before.key)
    else:
        is_key = len(key) >= SHORTEST_SIGNED and any(c.isdigit() for c in key)
    if not is_key:
        raise Invalid(
            "paste",
            "This does not look like a stream key, so what was there stays. Copy the key again; if it is one, paste "
            "the server URL with it.",
            found="no-key",
        )  # fmt: skip


def _host(server: str) -> str:
    return host_of(server).partition(":")[0]


def freshness(
    *, expires_at: int, is_used: bool, one_live: bool, now: float, is_refused: bool = False
) -> Problem | None:
    """What is wrong with a key's age, or was when it was tried; None when nothing is known to be."""
    if 0 < expires_at <= now:
        return EXPIRED
    if is_used and one_live:
        return USED
    if is_refused:
        return REFUSED
    return SOON if 0 < expires_at - now <= SOON_S else None


def ages_at(expires_at: int, now: float) -> float:
    """When `freshness` may say something else of the same key."""
    return min((at for at in (expires_at - SOON_S, expires_at) if expires_at and at > now), default=math.inf)


def lasts_one_live(config: Config, name: str) -> bool:
    """Whether the platform of this destination gives a new key for each live."""
    return platform_named(platform_of(name, config.destination[name])).key_lasts == "one-live"


def checked_server(text: str) -> str:
    """A server address that was typed into a field of its own, without what is around it.

    Raises `Invalid` (`paste-typo`) for mistakes that have a name; whatever else is wrong the setting's own check says.
    """
    typed = text.strip()
    typo = typo_in(typed)
    if typo is None and looks_like_a_key(typed):
        typo = Typo("key-as-server", "This is a stream key; here belongs the server URL.")
    if typo is not None:
        raise mistyped(typo)
    try:
        return read_server(typed)
    except Invalid:
        return typed


def server_for(server: str | None, platform: str | None, known: str) -> str | None:
    """The server that a card asks for, None to leave it as it is; `known` is what the destination has now.

    What was typed is looked at for mistakes; a destination of a platform with public addresses that has none gets the
    best of them. Raises `Invalid`.
    """
    if server:
        return checked_server(server)
    ingests = platform_named(platform or "").ingests
    return ingests[0].server if server is None and not known and ingests else server
