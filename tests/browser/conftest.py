"""One browser, one phone and one address for all tests; each begins with a new box and a phone that knows nothing.

What the phone keeps is the page's files, as phones do: they are asked for again, and only what is new travels. Whoever
weighs them, or changes what cannot be changed back, takes a `device` of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import browsing, device, missing, stand_still
from tests.browser.fakebox import FakeBox
from tests.browser.older import make_old

HERE = Path(__file__).parent


class _Kept:
    """What outlives a test: a browser whose event loop runs in this thread, so that nobody else can have one here."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._browser: Browser | None = None
        self._phones: dict[str, BrowserContext] = {}
        self.port = 0

    def browser(self) -> Browser:
        if self._browser is None:
            self._browser = self._stack.enter_context(browsing())
        return self._browser

    def phone(self, name: str, prepare: Callable[[BrowserContext], None] = lambda _: None) -> BrowserContext:
        if name not in self._phones:
            self._phones[name] = self._stack.enter_context(device(self.browser()))
            prepare(self._phones[name])
        return self._phones[name]

    def close(self) -> None:
        self._browser, self._phones = None, {}
        self._stack.close()


_KEPT = _Kept()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Ends the browser after the last test of the folder."""
    yield
    if nextitem is None or HERE not in nextitem.path.parents:
        _KEPT.close()


@pytest.fixture
def browser() -> Browser:
    if missing():
        # Where a change is judged nothing may be left out in silence.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing())
    return _KEPT.browser()


@pytest.fixture
def no_browser() -> None:
    """For a test that has an event loop of its own."""
    _KEPT.close()


@pytest.fixture
def box() -> Iterator[FakeBox]:
    with FakeBox(port=_KEPT.port) as running:
        _KEPT.port = running.port
        yield running


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    del browser  # only its absence matters
    context = _KEPT.phone("as it is")
    yield context
    forget(context)


@pytest.fixture
def still_phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone on whose pages time stands still, see `stand_still`."""
    del browser
    context = _KEPT.phone("still")
    stand_still(context)
    yield context
    forget(context)


@pytest.fixture
def old(browser: Browser) -> Iterator[BrowserContext]:
    """A phone with an old browser."""
    del browser
    context = _KEPT.phone("old", make_old)
    yield context
    forget(context)


@pytest.fixture
def own_phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone of this test alone, for what cannot be changed back."""
    with device(browser) as context:
        yield context


def forget(context: BrowserContext) -> None:
    """Leaves nothing of a test on a phone."""
    context.set_offline(offline=False)
    for page in context.pages:
        page.unroute_all(behavior="ignoreErrors")
        page.close()
    context.set_storage_state({"cookies": [], "origins": []})
