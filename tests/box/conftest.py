"""Sends tests marked `box` into the virtual box and brings their reports back. See tests/box/carry.py."""

from tests.box.carry import (
    pytest_collection_modifyitems,
    pytest_runtest_protocol,
    pytest_runtestloop,
    pytest_sessionfinish,
)

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_protocol", "pytest_runtestloop", "pytest_sessionfinish"]
