"""One encode, many sinks: every packet goes to every sink, and no sink can hold up another."""

from __future__ import annotations

import threading
from typing import Protocol

from appliance.engine.packet import Packet


class Sink(Protocol):
    """Takes packets. `push` never blocks and never raises for the world's failures."""

    def push(self, packet: Packet) -> None:
        """Takes one packet; called from the video and the audio encoder's threads."""


class FanOut:
    """The list of sinks. Reading it is free; attaching and detaching make a new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sinks: tuple[Sink, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody takes packets."""
        return not self._sinks

    def attach(self, sink: Sink) -> None:
        """Gives `sink` every packet from now on."""
        with self._lock:
            self._sinks = (*self._sinks, sink)

    def detach(self, sink: Sink) -> None:
        """Stops giving packets to `sink`."""
        with self._lock:
            self._sinks = tuple(other for other in self._sinks if other is not sink)

    def push(self, packet: Packet) -> None:
        """Hands one packet to all sinks."""
        for sink in self._sinks:
            sink.push(packet)
