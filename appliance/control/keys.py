"""The secret store: stream keys in a directory that only we can enter. The only place that reads or writes a key.

What leaves it for people is a `KeySummary`: the last four characters and the expiry. Blocks: call from a thread.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.destinations.paste import Pasted, read_paste
from appliance.destinations.rtmp_address import host_of, may_have_key_of, site_of
from appliance.errors import Invalid
from appliance.model.config import Config, DestinationConfig
from appliance.model.plan import Destination
from appliance.model.platforms.registry import PLATFORMS, expiry_of
from appliance.model.problem import UNREADABLE, Problem, Value
from appliance.storage.files import make_private, names_in, read_file, remove, write_atomically

log = logging.getLogger(__name__)

_LONGEST_KEY_FILE = 16_384


class _Kept(Value, frozen=True):
    """What the panel was given for one destination.

    `site` is where the key may go: the site of the server that the destination had when the key was pasted. Empty when
    it had none, None in a file of a version that did not know. `beside` is what the key file was like then.
    """

    server: str = ""
    key: str = ""
    site: str | None = None
    beside: str = ""

    @property
    def home(self) -> str:
        """The site that the key belongs to, as far as it is known."""
        return (site_of(self.server) if self.site is None else self.site) if self.key else ""


@dataclass(frozen=True, slots=True)
class Credential:
    """Everything needed to publish to one destination, or the problem that is in the way."""

    name: str
    server: str = ""
    key: str = field(default="", repr=False)
    ca_file: str = ""
    problem: Problem | None = None
    is_used: bool = False
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What people may know of a credential.

    `is_used`: it belonged to a LIVE that ended; `is_refused`: the server did not take it when it was last tried.
    """

    name: str
    host: str = ""
    last4: str = ""
    expires_at: int = 0
    problem: Problem | None = None
    is_used: bool = False
    is_refused: bool = False


class KeyStore:
    """The directory `keys` in the state directory.

    `pasted/NAME.json`, `armed.json` for the live that is on, and `ended.json`: the hash of the key that each
    destination's last live used, for platforms that want a new one each time; `refused.json` the same of those that no
    server took. A key goes to the server that it was
    pasted for, and the key of a key file to the one that `own`, the owner's box.toml, names: to no other without being
    pasted again.
    """

    def __init__(self, state_dir: Path, own: Config | None = None) -> None:
        self._own = own.destination if own else {}
        self._directory = state_dir / "keys"
        self._pasted = self._directory / "pasted"
        self._armed = self._directory / "armed.json"
        self._ended = self._directory / "ended.json"
        self._refused = self._directory / "refused.json"

    def keep(self, name: str, pasted: Pasted, configured: str = "", key_file: str = "") -> None:
        """Stores what was pasted; a part that was not pasted stays as it was. Raises `Unavailable`.

        `configured` is the server that the settings name, to which a key goes that was never pasted with another;
        `key_file` the file that counts again once it is written after this.
        """
        before = _read(self._pasted / f"{name}.json") or _Kept()
        server = pasted.server or before.server
        site = site_of(server or configured) if pasted.key or not before.home else before.home
        beside = _stamp(key_file) if pasted.key else before.beside
        self._write(name, _Kept(server=server, key=pasted.key or before.key, site=site, beside=beside))

    def adopt(self, config: Config) -> None:
        """Keys that an older version kept without a server belong to the one they have now. Raises `Unavailable`."""
        for name, choice in config.destination.items():
            kept = _read(self._pasted / f"{name}.json")
            if kept and kept.key and kept.site is None:
                self._write(name, msgspec.structs.replace(kept, site=site_of(kept.server or choice.server)))

    def _write(self, name: str, kept: _Kept) -> None:
        make_private(self._directory)
        make_private(self._pasted)
        write_atomically(self._pasted / f"{name}.json", msgspec.json.encode(kept))

    def secrets(self) -> frozenset[str]:
        """Every key that is kept here, for those who must make sure that none gets out. Blocks on the disk."""
        kept = (_read(file) or _Kept() for file in names_in(self._pasted, ".json"))
        pairs = (*((one.server, one.key) for one in kept), *((one.server, one.key) for one in self.armed()))
        queries = (server.partition("?")[2] for server, _ in pairs)
        return frozenset(text for text in (*queries, *(key for _, key in pairs)) if text)

    def kept(self, name: str) -> Credential:
        """What was pasted for a destination, whether it is in use or not."""
        kept = _read(self._pasted / f"{name}.json") or _Kept()
        return Credential(name, kept.server, kept.key, is_used=self.is_used(name, kept.key))

    def goes_to(self, name: str, server: str) -> bool:
        """Whether the key that was pasted for a destination may be sent to this server."""
        return may_have_key_of((_read(self._pasted / f"{name}.json") or _Kept()).home, server)

    def credentials(self, config: Config) -> tuple[Credential, ...]:
        """One credential for every enabled destination. The newer of pasted key and key file wins."""
        enabled = {name: choice for name, choice in config.destination.items() if choice.enabled}
        return tuple(self._credential(name, choice) for name, choice in enabled.items())

    def arm(self, destinations: tuple[Destination, ...]) -> None:
        """Remembers exactly what a live uses, so that a restart of ours states the same again."""
        make_private(self._directory)
        write_atomically(self._armed, msgspec.json.encode(destinations))

    def armed(self) -> tuple[Destination, ...]:
        """What the live in progress uses; empty when there is none or it cannot be read."""
        try:
            return msgspec.json.decode(read_file(self._armed), type=tuple[Destination, ...])
        except FileNotFoundError:
            return ()
        except (OSError, *UNREADABLE):
            log.warning("What the last live used cannot be read; the keys are taken afresh.")
            return ()

    def disarm(self, *, was_on_air: bool = False, refused: tuple[str, ...] = ()) -> None:
        """Forgets what the live used, but for what became of its keys. Raises `Unavailable`.

        When viewers saw it they were used; those of the destinations in `refused` no server took.
        """
        armed = {one.name: _hash(one.key) for one in self.armed()}
        if armed and was_on_air:
            write_atomically(self._ended, msgspec.json.encode({**_hashes(self._ended), **armed}))
        before = _hashes(self._refused)
        after = {name: known for name, known in {**before, **armed}.items() if name in refused or name not in armed}
        if after != before:
            write_atomically(self._refused, msgspec.json.encode(after))
        remove(self._armed)

    def forget(self, name: str) -> bool:
        """Forgets the key and the server that were pasted; returns whether there were any. Raises `Unavailable`."""
        was_there = remove(self._pasted / f"{name}.json")
        for file in (self._ended, self._refused):
            known = _hashes(file)
            if known.pop(name, None):
                write_atomically(file, msgspec.json.encode(known))
        return was_there

    def is_used(self, name: str, key: str) -> bool:
        """Whether this key belonged to the last live of this destination that viewers saw."""
        return bool(key) and _hashes(self._ended).get(name) == _hash(key)

    def _credential(self, name: str, choice: DestinationConfig) -> Credential:
        kept_file = self._pasted / f"{name}.json"
        kept = _read(kept_file) or _Kept()
        server, key, home, problem = kept.server or choice.server, kept.key, kept.home, None
        if choice.key_file and not (kept.key and _is_newer(kept, kept_file, choice.key_file)):
            try:
                filed = read_key_file(Path(choice.key_file))
                server, key = filed.server or choice.server or kept.server, filed.key
                home = site_of(filed.server or (self._own[name].server if name in self._own else ""))
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                problem = key_file_problem(name, choice.key_file, reason)
        problem = problem or _missing(name, server, key)
        if problem is None and not may_have_key_of(home, server):
            problem, key = _elsewhere(name, home, server), ""
        is_refused = bool(key) and _hashes(self._refused).get(name) == _hash(key)
        return Credential(name, server, key, choice.ca_file, problem, self.is_used(name, key), is_refused)


def read_key_file(file: Path) -> Pasted:
    """The key in a file: its first line that is not empty, or a whole address with a key. Raises `OSError`."""
    with file.open("rb") as stream:
        text = stream.read(_LONGEST_KEY_FILE).decode(errors="replace")
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if re.match(r"rtmps?://", line, re.IGNORECASE):
        try:
            return read_paste(text)
        except Invalid as error:
            raise OSError(str(error)) from None
    return Pasted("", line)


def key_file_problem(name: str, file: str, reason: str) -> Problem:
    """That a key file cannot be read."""
    return Problem(
        code="key-file",
        text=f"The key file of {name} cannot be read: {reason}. Correct it, or paste the key on the panel.",
        facts={"destination": name, "file": file, "reason": reason},
    )


def summary(credential: Credential) -> KeySummary:
    """A credential as people may see it. A short key shows nothing: four of six characters are no secret any more."""
    last4 = credential.key[-4:] if len(credential.key) >= 12 else ""
    return KeySummary(
        name=credential.name,
        host=host_of(credential.server),
        last4=last4,
        expires_at=expiry_of(credential.key),
        problem=credential.problem,
        is_used=credential.is_used,
        is_refused=credential.is_refused,
    )


def _title(name: str) -> str:
    return PLATFORMS[name].title.en if name in PLATFORMS else name


def _missing(name: str, server: str, key: str) -> Problem | None:
    title = _title(name)
    if not key:
        text = f"There is no stream key for {title} yet. Paste the server URL and the key on the panel."
        return Problem(code="needs-key", text=text, facts={"destination": name})
    if not server:
        text = f"There is a key for {title} but no server. Paste the server URL together with the key."
        return Problem(code="needs-server", text=text, facts={"destination": name})
    return None


def _elsewhere(name: str, home: str, server: str) -> Problem:
    """That there is a key, but for another server than the one it would go to."""
    host, new = host_of(home) or "no server yet", host_of(server)
    return Problem(
        code="key-elsewhere",
        text=f"The key of {_title(name)} belongs to {host} and is not sent to {new}. Paste the key of {new}.",
        facts={"destination": name, "host": host, "new": new},
    )


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _hashes(file: Path) -> dict[str, str]:
    """Of which key something is known, by destination."""
    try:
        return msgspec.json.decode(read_file(file), type=dict[str, str])
    except (OSError, *UNREADABLE):
        return {}


def _read(file: Path) -> _Kept | None:
    try:
        return msgspec.json.decode(read_file(file), type=_Kept)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE):
        log.warning("The key kept in %s cannot be read; paste it again.", file)
        return None


def _is_newer(kept: _Kept, file: Path, key_file: str) -> bool:
    """Whether what was pasted came after the key file; a file that is not there is older than any.

    A clock that was set in between tells nothing, so that what counts is whether the key file has changed since; the
    clock is asked only where there was none at the paste.
    """
    if kept.beside and (now := _stamp(key_file)):
        return kept.beside == now
    try:
        return file.stat().st_mtime_ns >= Path(key_file).stat().st_mtime_ns
    except OSError:
        return True


def _stamp(file: str) -> str:
    """What changes when a file is written; empty when it is not there, or there is none."""
    if not file:
        return ""
    try:
        found = Path(file).stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"
