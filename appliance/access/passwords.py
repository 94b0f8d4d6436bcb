"""The panel's password, for admins who want one. No box has one until somebody sets it.

It owns `password.json`, which holds a scrypt hash. A password that systemd hands over (the credential `panel-password`)
goes first and is never changed by us. Blocks, for a good part of a second: call from a thread, one at a time.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from pathlib import Path

import msgspec

from appliance.errors import Invalid
from appliance.model.problem import UNREADABLE, Value
from appliance.storage.files import make_private, read_file, remove, write_atomically

log = logging.getLogger(__name__)

CREDENTIAL = "panel-password"
SHORTEST = 10
LONGEST = 256
COST, _R, _P = 2**15, 8, 3
"""One of the settings that OWASP's cheat sheet calls equal: 32 MB, which a small box has to spare once."""
_MEMORY = 64 * 1024 * 1024


class Maker(Value, frozen=True):
    """Who let somebody in or set a password: an id, the name it had then, and the id of the first of its family."""

    id: str = ""
    name: str = ""
    family: str = ""


class PasswordFacts(Value, frozen=True):
    """What may be told of a password: when it was set (Unix seconds, 0 unknown) and by whom."""

    set_at: float = 0.0
    maker: Maker = Maker()


UNKNOWN = PasswordFacts()


class _Kept(PasswordFacts, frozen=True, kw_only=True):
    """A password's salt and its scrypt hash, both in hex, made with the cost above."""

    salt: str
    hash: str


class PasswordFile:
    """The file `password.json` in the directory `access`; `credentials` is systemd's directory of credentials."""

    def __init__(self, directory: Path, credentials: Path | None = None) -> None:
        self._file = directory / "password.json"
        self._credential = credentials / CREDENTIAL if credentials else None

    @property
    def is_given(self) -> bool:
        """Whether the password comes from systemd, so that it cannot be changed here."""
        return self._credential is not None and self._credential.is_file()

    @property
    def is_set(self) -> bool:
        """Whether there is a password at all."""
        return self.is_given or self._read() is not None

    @property
    def facts(self) -> PasswordFacts | None:
        """Of the password that was set on the panel; None when there is none."""
        kept = self._read()
        return PasswordFacts(set_at=kept.set_at, maker=kept.maker) if kept else None

    def keep(self, text: str, about: PasswordFacts = UNKNOWN) -> None:
        """Sets the password. Raises `Invalid` when it is too short or too long, `Unavailable` for the disk."""
        if not SHORTEST <= len(text) <= LONGEST:
            raise Invalid(
                "password-length",
                f"A password has {SHORTEST} to {LONGEST} characters. A few words in a row are good.",
                shortest=SHORTEST,
                longest=LONGEST,
            )
        salt = secrets.token_bytes(16)
        make_private(self._file.parent)
        kept = _Kept(salt=salt.hex(), hash=_scrypt(text, salt).hex(), set_at=about.set_at, maker=about.maker)
        write_atomically(self._file, msgspec.json.encode(kept))

    def forget(self) -> None:
        """From now on there is no password, unless systemd gives one."""
        remove(self._file)

    def matches(self, text: str) -> bool:
        """Whether this is the password; never when there is none."""
        given = self._given()
        if given is not None:
            return bool(given) and hmac.compare_digest(_sha256(text), _sha256(given))
        kept = self._read()
        if kept is None or len(text) > LONGEST:
            return False
        return hmac.compare_digest(_scrypt(text, bytes.fromhex(kept.salt)), bytes.fromhex(kept.hash))

    def _given(self) -> str | None:
        if not self.is_given or self._credential is None:
            return None
        try:
            return self._credential.read_text(errors="replace").rstrip("\r\n")
        except OSError as error:
            log.warning("The credential %s cannot be read: %s.", CREDENTIAL, (error.strerror or str(error)).lower())
            return ""

    def _read(self) -> _Kept | None:
        try:
            kept = msgspec.json.decode(read_file(self._file), type=_Kept)
            return kept if bytes.fromhex(kept.salt) and len(bytes.fromhex(kept.hash)) == 64 else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, *UNREADABLE):
            log.warning("%s cannot be understood, so there is no password. Set it again on the panel.", self._file)
            return None


def _scrypt(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(errors="replace"), salt=salt, n=COST, r=_R, p=_P, maxmem=_MEMORY)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()
