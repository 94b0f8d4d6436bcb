"""The register of capture devices: asks each node once when it appears, and never while somebody of us uses it.

A probe can kill the capture: some drivers stop streaming when a node is opened a second time. So whoever opens a node
holds it here meanwhile, and what is known of a node stays until the node itself is another one. Owns no descriptor
longer than it takes to ask. Thread-safe.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.hardware.devices import facts_of, links_in, opened_facts, unopened_facts, with_links
from appliance.engine.v4l2.ioctl import Node, video_nodes
from appliance.model.protocol import DeviceFacts

log = logging.getLogger(__name__)

HOLD_LIMIT_S = 1.0
ASK_AGAIN_S = 3.0
"""A node that could not be asked may only have waited for its permissions."""

type Identity = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    identity: Identity
    facts: DeviceFacts
    asked_at: float
    is_sure: bool


class DeviceRegister:
    """`devices` is what there is now. `open` opens a node; tests give one that answers as they need."""

    def __init__(
        self,
        directory: str = "/dev",
        sysfs: str = "/sys/class/video4linux",
        open: Callable[[str], Node] = Node,  # noqa: A002 - it is what it is called everywhere
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory, self._sysfs = directory, Path(sysfs)
        self._open = open
        self._clock = clock
        self._changed = threading.Condition()
        self._known: dict[str, _Known] = {}
        self._held: set[str] = set()

    def devices(self) -> tuple[DeviceFacts, ...]:
        """Every capture device as facts, by number. Asks those that are new, which takes a driver's time."""
        nodes = video_nodes(self._directory)
        with self._changed:
            for gone in self._known.keys() - nodes:
                del self._known[gone]
        links = links_in(self._directory)  # udev makes them a moment after the node
        found = (self._facts(node) for node in nodes)
        return tuple(with_links(facts, links) for facts in found if facts is not None)

    @contextmanager
    def held(self, node: str) -> Iterator[None]:
        """Keeps everybody else away from a node while it is open. Raises OSError (EBUSY) when somebody has it."""
        path = os.path.realpath(node)
        with self._changed:
            if not self._changed.wait_for(lambda: path not in self._held, HOLD_LIMIT_S):
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), node)
            self._held.add(path)
        try:
            yield
        finally:
            self._release(path)

    def learn(self, node: Node) -> None:
        """Asks a node that its holder has open and does not stream from yet, if it is not known already."""
        path = os.path.realpath(node.path)
        try:
            identity = _identity(path)
            with self._changed:
                known = self._known.get(path)
            if known is None or known.identity != identity or not known.is_sure:
                self._note(path, identity, opened_facts(node, path, self._sysfs), is_sure=True)
        except OSError as error:
            log.debug("%s could not be asked: %s.", path, error)

    def _facts(self, node: str) -> DeviceFacts | None:
        try:
            identity = _identity(node)
        except OSError:
            return None  # it has just gone
        with self._changed:
            known = self._known.get(node)
            if known is not None and known.identity == identity and self._is_fresh(known):
                return known.facts
            if node in self._held:
                # Its permissions may have changed, which makes it no other node.
                is_same = known is not None and known.identity[:2] == identity[:2]
                return known.facts if known is not None and is_same else unopened_facts(node, self._sysfs)
            self._held.add(node)
        try:
            facts = facts_of(node, self._sysfs, self._open)
        finally:
            self._release(node)
        return self._note(node, identity, facts, is_sure=bool(facts.driver))

    def _is_fresh(self, known: _Known) -> bool:
        return known.is_sure or self._clock() < known.asked_at + ASK_AGAIN_S

    def _note(self, node: str, identity: Identity, facts: DeviceFacts, *, is_sure: bool) -> DeviceFacts:
        with self._changed:
            self._known[node] = _Known(identity, facts, self._clock(), is_sure)
        return facts

    def _release(self, node: str) -> None:
        with self._changed:
            self._held.discard(node)
            self._changed.notify_all()


def _identity(node: str) -> Identity:
    """What tells a node from another of the same name: it is made anew when a device is plugged in. Raises OSError."""
    status = Path(node).stat()
    return status.st_ino, status.st_rdev, status.st_ctime_ns
