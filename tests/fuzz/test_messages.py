"""Messages that are nearly right, made from the types themselves, into the code that believes them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import Invalid
from appliance.model.command import ANY_COMMAND, PasteKey, read_command
from appliance.model.protocol import (
    BitmapMessage,
    Hello,
    PlanMessage,
    ReportMessage,
    pack,
    unpack_layer,
    unpack_to_engine,
)
from appliance.model.screen import ScreenPlan, unpack_screen
from tests.fuzz import strategies
from tests.fuzz.targets import assert_hidden, director_at, hear, one_line


@pytest.mark.timeout(120)
@settings(max_examples=50)
@given(st.lists(strategies.messages(ReportMessage) | strategies.messages(Hello), max_size=4))
def test_no_report_breaks_control(bodies: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        director = director_at(Path(place))
        for body in bodies:
            with contextlib.suppress(Invalid):
                hear(director, body)
        director.lost()
        assert msgspec.json.encode(director.state.value)


@pytest.mark.parametrize("unpack", [unpack_to_engine, unpack_layer])
@given(body=strategies.messages(PlanMessage) | strategies.messages(BitmapMessage))
def test_a_plan_is_understood_or_refused(
    unpack: Callable[[bytes], PlanMessage] | Callable[[bytes], BitmapMessage], body: bytes
) -> None:
    try:
        message = unpack(body)
    except Invalid as error:
        one_line(error, 20_000)
    else:
        assert unpack(pack(message)[5:]) == message


@given(strategies.messages(ScreenPlan))
def test_a_screen_plan_is_understood_or_refused(body: bytes) -> None:
    with contextlib.suppress(Invalid):
        assert 1 <= unpack_screen(body).width <= 1920


@given(strategies.messages(ANY_COMMAND))
def test_a_command_is_understood_or_refused_without_being_repeated(body: bytes) -> None:
    try:
        read_command(body)
    except Invalid as error:
        one_line(error)
        assert_hidden(error, body.decode(errors="replace"))


@given(st.text(min_size=8, max_size=80).map(lambda text: "k3y" + text))
def test_a_pasted_text_is_in_no_repr(text: str) -> None:
    with contextlib.suppress(Invalid):
        command = read_command(msgspec.json.encode({"do": "paste-key", "text": text}))
        assert isinstance(command, PasteKey)
        assert text not in f"{command!r} {command}"


def test_most_of_what_is_made_is_right() -> None:
    """Proof that the strategies reach the code behind the decoder."""
    right = wrong = 0

    @settings(max_examples=150, database=None, derandomize=True)
    @given(strategies.json_of(ReportMessage))
    def count(value: object) -> None:
        nonlocal right, wrong
        try:
            msgspec.convert(value, ReportMessage)
        except msgspec.ValidationError:
            wrong += 1
        else:
            right += 1

    count()
    assert right > 10
    assert wrong > 5
