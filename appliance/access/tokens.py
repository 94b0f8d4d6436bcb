"""Who may use the panel: API tokens, the one-time link and paired browsers, kept hashed in the state directory.

`plugcast token` and the running control share these files: each file has one kind of writer, is replaced as a whole,
and is read again when it changed. A hash of 256 random bits needs no salt. The PIN is in `access.pins`, the password
in `access.passwords`. Blocks: call from a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from appliance.access.passwords import Maker, PasswordFile
from appliance.access.pins import PinFile
from appliance.clock.ages import Moment, moment_now, moved_s
from appliance.errors import Invalid, Unavailable
from appliance.model.problem import UNREADABLE, Value
from appliance.storage.files import make_private, read_file, remove, write_atomically

MOST_SESSIONS = 32
IDLE_S = 30 * 24 * 3600.0
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")

type Role = Literal["owner", "helper", "viewer"]
"""A helper hides and pins messages of the chat; a viewer only looks."""
type Way = Literal["", "link", "pin", "invite", "password"]
"""How a browser came in; empty for tokens and for those that came before this was noted."""


class Grant(Value, frozen=True):
    """One secret that opens the panel: its name, its SHA-256 in hex, what it may do, and when it was made and used.

    `epoch` is that of the access files when it was made: a reset begins another, and what is older counts no more.
    `maker` is who let it in by an invitation or a password. A browser that comes in again gets another secret but stays
    who it was: `known_as` is its first id.
    """

    name: str
    hash: str
    made_at: float = 0.0
    used_at: float = 0.0
    role: Role = "owner"
    way: Way = ""
    epoch: str = ""
    maker: Maker = Maker()
    known_as: str = ""

    @property
    def id(self) -> str:
        """A name for this grant that tells nothing about its secret."""
        return self.known_as or self.hash[:16]

    @property
    def family(self) -> str:
        """The same for all who let each other in, so that inviting multiplies no limit."""
        return self.maker.family or self.id

    @property
    def as_maker(self) -> Maker:
        """How what it makes remembers this grant."""
        return Maker(id=self.id, name=self.name, family=self.family)


type Grants = dict[str, Grant]


class _Sessions(Value, frozen=True):
    """What is in the file of sessions: the grants, and when it was written, so that a set clock ages none."""

    moment: Moment | None = None
    grants: tuple[Grant, ...] = ()


def moved(grants: Grants, step_s: float) -> Grants:
    """The same after the wall's clock was set by so many seconds."""
    return {
        key: msgspec.structs.replace(one, made_at=one.made_at + step_s, used_at=one.used_at + step_s)
        for key, one in grants.items()
    }


_MOST_PAST = 16
"""How many links that ended are known."""


def _past(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(read_file(file), type=dict[str, str])
    except (OSError, *UNREADABLE):
        return {}


class AccessFiles:
    """The directory `access` in the state directory. Grants are keyed by hash."""

    def __init__(
        self, state_dir: Path, credentials: Path | None = None, moment: Callable[[], Moment] = moment_now
    ) -> None:
        self._moment = moment
        self.directory = state_dir / "access"
        self.pin = PinFile(self.directory)
        self.password = PasswordFile(self.directory, credentials)
        self._tokens = self.directory / "tokens.json"
        self._link = self.directory / "link.json"
        self._past_links = self.directory / "past-links.json"
        self._sessions = self.directory / "sessions.json"
        self._epoch = self.directory / "epoch"

    def tokens(self) -> Grants:
        """The API tokens."""
        return _read(self._tokens)

    def add_token(self, name: str, now: float, role: Role = "owner") -> str:
        """Makes a token; returns its text, which is kept nowhere. Raises `Invalid`, `Unavailable`."""
        if not _NAME.fullmatch(name):
            raise Invalid("token-name", "A token's name is 1 to 64 letters, digits, dots, hyphens or underscores.")
        grants = self.tokens()
        if any(grant.name == name for grant in grants.values()):
            raise Invalid("token-name", f'There is a token "{name}" already. Choose another name or revoke it first.')
        text = secrets.token_urlsafe(32)
        self._write(self._tokens, {**grants, digest(text): Grant(name=name, hash=digest(text), made_at=now, role=role)})
        return text

    def revoke(self, name: str) -> None:
        """Makes a token worthless. Raises `Invalid` when there is none of that name."""
        grants = self.tokens()
        left = {key: grant for key, grant in grants.items() if grant.name != name}
        if len(left) == len(grants):
            raise Invalid("token-name", f'There is no token "{name}". "plugcast token --list" shows them.')
        self._write(self._tokens, left)

    def new_link(self, now: float) -> str:
        """Makes a one-time token for the link to the panel; an older link is worthless from now on."""
        text = secrets.token_urlsafe(16)
        self._note_past("replaced")
        self._write(self._link, {digest(text): Grant(name="link", hash=digest(text), made_at=now)})
        return text

    def spend_link(self, text: str) -> bool:
        """Whether this is the link's token; if it is, it is used up."""
        if digest(text) not in _read(self._link):
            return False
        self._note_past("used")
        # Of two who come at once only one finds the file to remove.
        return remove(self._link)

    def past_of(self, text: str) -> str:
        """Why a link is none any more: `used`, `replaced`, `ended` by another way in; empty for one we do not know."""
        return _past(self._past_links).get(digest(text), "")

    def _note_past(self, why: str) -> None:
        """Of the link that is about to end, so that who opens it later is told why. Not worth a failure."""
        with contextlib.suppress(Unavailable):
            if ends := dict.fromkeys(_read(self._link), why):
                kept = {**_past(self._past_links), **ends}
                make_private(self.directory)
                write_atomically(self._past_links, msgspec.json.encode(dict(list(kept.items())[-_MOST_PAST:])))

    def end_link(self) -> None:
        """Makes the link worthless, if there is one. Raises `Unavailable`."""
        self._note_past("ended")
        remove(self._link)

    def epoch(self) -> str:
        """Changes whenever everybody was forgotten. Raises `Unavailable` when it cannot be read."""
        try:
            return read_file(self._epoch).decode(errors="replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise _unreadable(self._epoch, error) from None

    def sessions(self) -> Grants:
        """The paired browsers, by the clock of now. Raises `Unavailable` when they cannot be read."""
        epoch, kept = self.epoch(), _kept(self._sessions)
        known = moved(_by_hash(kept.grants), moved_s(kept.moment, self._moment()))
        return {key: grant for key, grant in known.items() if grant.epoch == epoch}

    def keep_sessions(self, sessions: Grants) -> None:
        """Replaces the paired browsers."""
        self._write(self._sessions, _Sessions(moment=self._moment(), grants=tuple(sessions.values())))

    def forget_sessions(self) -> None:
        """Forgets every paired browser and invitation. A running control, which may just be writing, notices."""
        make_private(self.directory)
        write_atomically(self._epoch, secrets.token_hex(8).encode())
        remove(self._sessions)

    def forget_tokens(self) -> None:
        """Forgets every API token."""
        remove(self._tokens)

    def forget_ways_in(self) -> None:
        """Forgets the link and the PIN; new ones are made when they are needed."""
        for file in (self._link, self._past_links, self.pin.file):
            remove(file)

    def _write(self, file: Path, kept: Grants | _Sessions) -> None:
        make_private(self.directory)
        write_atomically(file, msgspec.json.encode(kept if isinstance(kept, _Sessions) else list(kept.values())))


def credentials_of(environment: Mapping[str, str]) -> Path | None:
    """Where systemd keeps what it was told to hand to this service, if it was."""
    directory = environment.get("CREDENTIALS_DIRECTORY", "")
    return Path(directory) if directory else None


def digest(text: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _read(file: Path) -> Grants:
    return _by_hash(_kept(file).grants)


def _kept(file: Path) -> _Sessions:
    """What is in a file of grants; those of sessions were such lists, too, before they had a moment."""
    try:
        kept = msgspec.json.decode(read_file(file), type=tuple[Grant, ...] | _Sessions)
    except (FileNotFoundError, *UNREADABLE):
        return _Sessions()
    except OSError as error:
        raise _unreadable(file, error) from None
    return kept if isinstance(kept, _Sessions) else _Sessions(grants=kept)


def _by_hash(grants: tuple[Grant, ...]) -> Grants:
    return {grant.hash: grant for grant in grants}


def _unreadable(file: Path, error: OSError) -> Unavailable:
    reason = (error.strerror or str(error)).lower()
    return Unavailable("file-unreadable", f"{file} cannot be read: {reason}.", file=str(file), reason=reason)
