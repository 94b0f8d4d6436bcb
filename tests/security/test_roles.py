"""What a viewer may not do, whatever they send; each attack succeeds once the guard of roles is taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.access import guard as access_room
from appliance.model.command import COMMANDS
from appliance.panel import app as panel_app
from tests.security.house import END_LIVE, JSON, visiting

GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])


def nothing(*_arguments: object, **_more: object) -> None:
    """A guard that lets everything pass."""


def example(command: Any) -> dict[str, Any]:
    """A command of this kind with something in every field that must be there."""
    info = msgspec.inspect.type_info(command)
    assert isinstance(info, msgspec.inspect.StructType)
    needed = {field.encode_name: "x" for field in info.fields if field.required}
    return {"do": info.tag, **needed}


@GUARD
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
async def test_a_viewer_who_commands(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, command: Any
) -> None:
    if not is_guarded:
        monkeypatch.setattr(access_room, "check_role", nothing)

    async with visiting(place) as house:
        own = await house.own(await house.cookie("viewer"))
        answer = await house.ask("POST", "/api/do", own, msgspec.json.encode(example(command)))
        # Without the guard it gets as far as being looked at.
        assert is_guarded is (answer.status == 403 and answer.json["code"] == "viewer-only")
        assert not (is_guarded and house.desk.done)
        assert (await house.ask("GET", "/api/state", own)).status == 200


HELPS = {"hide-message", "hide-viewer", "pin", "unpin"}


async def test_a_helper_hides_and_pins_and_does_nothing_else(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a phone's invitation and by a token; every command that there is, every other way to change something."""
    async with visiting(place) as house:
        phone = await house.own(await house.cookie("helper"))
        program = {"Authorization": f"Bearer {house.files.add_token('bot', 1.0, 'helper')}", **JSON}
        for own in (phone, program):
            house.desk.done.clear()
            for command in COMMANDS:
                asked = example(command)
                answer = await house.ask("POST", "/api/do", own, msgspec.json.encode(asked))
                code = 200 if asked["do"] in HELPS else 403
                # What is no whole command, because a field of the example is none, is refused before it is a command.
                assert answer.status == code or (code == 403 and answer.json["code"] == "command"), (asked, answer.json)
            assert {msgspec.to_builtins(one)["do"] for one in house.desk.done} == HELPS
            words = b'{"do":"pin","text":"buy at evil.example"}'
            assert (await house.ask("POST", "/api/do", own, words)).json["code"] == "helper-only"
            for method, path, body in WANTS_MORE:
                assert (await house.ask(method, path, own, body)).json["code"] == "viewer-only"
            assert (await house.ask("POST", "/api/do/", own, END_LIVE)).status in (403, 404)
            assert (await house.ask("GET", "/api/state", own)).status == 200
            assert (await house.ask("GET", "/api/password", own)).status == 403, "what owners alone may look at"
        assert [row["role"] for row in (await house.ask("GET", "/api/sessions", phone)).json] == ["helper"]
        # And without the guard anything goes.
        monkeypatch.setattr(panel_app, "check_command", nothing)
        assert (await house.ask("POST", "/api/do", phone, END_LIVE)).status == 200


WANTS_MORE = (
    ("POST", "/api/sessions/invite", b'{"role":"owner"}'), ("DELETE", "/api/sessions", b""),
    ("POST", "/api/password", b'{"password":"a viewer\'s choice"}'),
)  # fmt: skip


@GUARD
@pytest.mark.parametrize(
    ("method", "path", "body"),
    WANTS_MORE,
)
async def test_a_viewer_who_wants_to_be_more(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, method: str, path: str, body: bytes
) -> None:
    if not is_guarded:
        monkeypatch.setattr(access_room, "check_role", nothing)

    async with visiting(place) as house:
        owner, viewer = await house.cookie(), await house.own(await house.cookie("viewer"))
        answer = await house.ask(method, path, viewer, body)
        assert answer.status == (403 if is_guarded else 200)
        kept = (await house.ask("GET", "/api/state", {"Cookie": owner})).status
        assert kept == (200 if is_guarded or path != "/api/sessions" else 401)
        rows = (await house.ask("GET", "/api/sessions", viewer)).json
        assert [row["role"] for row in rows] == ["viewer"]


async def test_a_token_for_looking(place: Path) -> None:
    async with visiting(place) as house:
        bearer = {"Authorization": f"Bearer {house.files.add_token('grafana', 1.0, 'viewer')}", **JSON}
        assert (await house.ask("GET", "/api/state", bearer)).status == 200
        assert (await house.ask("POST", "/api/do", bearer, END_LIVE)).json["code"] == "viewer-only"
        assert house.desk.done == []
