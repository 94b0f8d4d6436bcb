"""Every hostile peer with a few dozen inputs: no crash, no hang, no growth. `./dev fuzz` looks for longer."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import strategies
from tests.fuzz.devices import card, driver
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, timed
from tests.project import ROOT

SCRIPTED = ("v4l2-driver", "alsa-card", "rtmp-answers")
SLOW = ("v4l2-driver", "alsa-card", "profile-toml", "state-files", "control-frames", "box-toml", "mp4-fragments")
GROWTH = 64 * 1024


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The test runner keeps every log record, which is not the growth that is looked for."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_break_it(name: str) -> None:
    data = strategies.scripts if name in SCRIPTED else strategies.near(seeds(name))

    @settings(
        max_examples=30 if name in SLOW and name not in SCRIPTED else 100, suppress_health_check=list(HealthCheck)
    )
    @given(data)
    def test(data: bytes) -> None:
        timed(TARGETS[name], data)

    test()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", TARGETS)
def test_it_does_not_grow(name: str) -> None:
    """The same peers again and again leave no memory, no descriptor and no thread behind."""
    inputs = [*seeds(name), b"\x00\xff" * 40, b"\xff" * 120, bytes(range(256))]
    rounds = 2 if name in SLOW else 8

    def run() -> tuple[int, int]:
        """Bytes and descriptors that are held after all the peers have come once more."""
        for data in inputs * rounds:
            TARGETS[name](data)
        gc.collect()
        return tracemalloc.get_traced_memory()[0], len(list(Path("/proc/self/fd").iterdir()))

    run()
    tracemalloc.start()
    try:
        held = [run(), run()]
        # What another thread holds at the moment of one look is no leak; a leak is there at every one.
        while len(held) < 5 and not stays(*held[-2:]):
            held.append(run())
    finally:
        tracemalloc.stop()
    assert stays(*held[-2:]), held


def stays(before: tuple[int, int], after: tuple[int, int]) -> bool:
    return after[0] - before[0] < GROWTH and after[1] <= before[1]


@settings(max_examples=60)
@given(strategies.toml_files())
def test_any_settings_file_is_a_config_or_one_line(body: bytes) -> None:
    timed(TARGETS["box-toml"], body)


@given(strategies.pastes())
def test_no_paste_is_repeated(paste: tuple[str, str]) -> None:
    timed(TARGETS["paste"], paste[0].encode(errors="replace"))


def test_a_driver_and_a_card_that_behave_are_heard_and_seen() -> None:
    """Proof that the fakes reach the code behind the errors."""
    assert driver(b"").pictures > 40
    assert card(b"") > 100


@settings(max_examples=20)
@given(st.data())
def test_no_length_of_zeros_hides_a_lie(data: st.DataObject) -> None:
    """Lies late in a session, when pictures already flow."""
    quiet = data.draw(st.integers(0, 200))
    timed(TARGETS["v4l2-driver"], bytes(quiet) + data.draw(strategies.scripts))


def test_every_target_is_documented() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text()
    assert [name for name in TARGETS if f"`{name}`" not in page] == []
