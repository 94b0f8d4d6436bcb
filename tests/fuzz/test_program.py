"""`./dev fuzz` itself: what it says when it cannot run."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from tests.fuzz.__main__ import main


def test_without_atheris_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "--seconds", "1"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "skipped" in line
