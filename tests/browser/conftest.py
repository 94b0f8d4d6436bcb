"""One browser for each file of tests, and a fresh fake box for each test.

Not one browser for the whole session: its event loop would run, and every later test would find it running.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import browsing, device, missing
from tests.browser.fakebox import FakeBox


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if missing():
        # Where a change is judged nothing may be left out in silence.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing())
    with browsing() as running:
        yield running


@pytest.fixture
def box() -> Iterator[FakeBox]:
    with FakeBox() as running:
        yield running


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    with device(browser) as context:
        yield context
