"""The support bundle: what somebody who helps wants to see, as a zip, and never a secret.

It is made of values that cannot hold one (the State, the list of settings, numbers) and of log lines; all of it goes
through the redactor once more. Pure: it is given everything.
"""

from __future__ import annotations

import io
import platform
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from appliance.control.support.redact import redacted
from appliance.model.problem import Value
from appliance.model.state import State
from appliance.settings.listing import SettingRow

_READ_ME = """A support bundle of a Plugcast box.

about.json     versions
state.json     what was happening
settings.json  every setting and where it comes from
metrics.txt    the counters
log.txt        the last lines of the log

Stream keys, tokens, PINs and passwords are not in it, nor what viewers said and who they are.
The name of the box, titles and names of files are.
"""


class About(Value, frozen=True):
    """What runs where."""

    plugcast: str
    python: str
    system: str
    machine: str
    at: float


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that goes in. `at` is Unix seconds."""

    state: State
    settings: tuple[SettingRow, ...]
    metrics: str
    log: str
    at: float


def _without_viewers(state: State) -> State:
    """Who helps needs to know whether the chat works, and nothing of the people in it."""
    chat = replace(state.chat, messages=(), pinned=None, questions=(), hidden_viewers=())
    summary = replace(state.summary, top_gifters=()) if state.summary is not None else None
    return replace(state, chat=chat, alerts=(), summary=summary)


def make_bundle(contents: Contents, secrets: Iterable[str]) -> bytes:
    """The zip. Takes a moment: call from a thread."""
    about = About(
        plugcast=contents.state.update.version,
        python=platform.python_version(),
        system=platform.platform(),
        machine=platform.machine(),
        at=contents.at,
    )
    texts = {
        "README.txt": _READ_ME,
        "about.json": _json(about),
        "state.json": _json(_without_viewers(contents.state)),
        "settings.json": _json(contents.settings),
        "metrics.txt": contents.metrics,
        "log.txt": contents.log,
    }
    known = frozenset(secrets)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in texts.items():
            bundle.writestr(f"plugcast/{name}", redacted(text, known, is_prose=name == "log.txt"))
    return body.getvalue()


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"
