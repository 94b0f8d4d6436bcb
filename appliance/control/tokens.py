"""Who may use the panel: API tokens, the one-time link and paired browsers, kept hashed in the state directory.

`plugcast token` and the running control share these files: each file has one kind of writer, is replaced as a whole,
and is read again when it changed. A hash of 256 random bits needs no salt. Blocks: call from a thread.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.control.addresses import link_to, panel_address
from appliance.control.files import make_directory, make_private, sync_directory, write_atomically
from appliance.errors import Invalid, Unavailable
from appliance.model.config import Config
from appliance.model.problem import UNREADABLE, Value

MOST_SESSIONS = 32
IDLE_S = 30 * 24 * 3600.0
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


class Grant(Value, frozen=True):
    """One secret that opens the panel: its name, its SHA-256 in hex, and when it was made and last used."""

    name: str
    hash: str
    made_at: float = 0.0
    used_at: float = 0.0


type Grants = dict[str, Grant]


class AccessFiles:
    """The directory `access` in the state directory. Grants are keyed by hash."""

    def __init__(self, state_dir: Path) -> None:
        self.directory = state_dir / "access"
        self._tokens = self.directory / "tokens.json"
        self._link = self.directory / "link.json"
        self._sessions = self.directory / "sessions.json"

    def tokens(self) -> Grants:
        """The API tokens."""
        return _read(self._tokens)

    def add_token(self, name: str, now: float) -> str:
        """Makes a token; returns its text, which is kept nowhere. Raises `Invalid`, `Unavailable`."""
        if not _NAME.match(name):
            raise Invalid("token-name", "A token's name is 1 to 64 letters, digits, dots, hyphens or underscores.")
        grants = self.tokens()
        if any(grant.name == name for grant in grants.values()):
            raise Invalid("token-name", f'There is a token "{name}" already. Choose another name or revoke it first.')
        text = secrets.token_urlsafe(32)
        self._write(self._tokens, {**grants, digest(text): Grant(name=name, hash=digest(text), made_at=now)})
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
        self._write(self._link, {digest(text): Grant(name="link", hash=digest(text), made_at=now)})
        return text

    def spend_link(self, text: str) -> bool:
        """Whether this is the link's token; if it is, it is used up."""
        if digest(text) not in _read(self._link):
            return False
        try:
            # Of two who come at once only one finds the file to remove.
            self._link.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Unavailable("disk", f"{self._link} cannot be removed: {reason}.", reason=reason) from None
        sync_directory(self.directory)
        return True

    def sessions(self) -> Grants:
        """The paired browsers."""
        return _read(self._sessions)

    def keep_sessions(self, sessions: Grants) -> None:
        """Replaces the paired browsers."""
        self._write(self._sessions, sessions)

    def _write(self, file: Path, grants: Grants) -> None:
        make_private(self.directory)
        write_atomically(file, msgspec.json.encode(list(grants.values())))


def digest(text: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(text.encode()).hexdigest()


def token_command(config: Config, options: argparse.Namespace) -> int:
    """`plugcast token`: prints only the new token, so that scripts can take it as it is."""
    make_directory(Path(config.state_dir), "state-dir")
    files = AccessFiles(Path(config.state_dir))
    if options.list:
        for grant in sorted(files.tokens().values(), key=lambda grant: grant.made_at):
            made = datetime.fromtimestamp(grant.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
            print(f"{grant.name}  made {made}")
    elif options.revoke:
        files.revoke(options.revoke)
    elif options.link:
        print(link_to(panel_address(config), files.new_link(time.time())))
    elif options.name:
        print(files.add_token(options.name, time.time()))
    else:
        raise Invalid(
            "token-name", 'Give the token a name: "plugcast token NAME". --list, --revoke and --link also work.'
        )
    return 0


def _read(file: Path) -> Grants:
    try:
        grants = msgspec.json.decode(file.read_bytes(), type=list[Grant])
    except (FileNotFoundError, *UNREADABLE):
        return {}
    except OSError as error:
        raise Invalid("directory", f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    return {grant.hash: grant for grant in grants}
