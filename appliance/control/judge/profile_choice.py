"""Which hardware profile is the right one: by the board, the device that is set, and what is plugged in now.

Owns the profile in use. Asks nobody: the engine says what there is, with its greeting and in every report.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from appliance.hardware.device_name import meant_device
from appliance.model.device import DeviceFacts
from appliance.model.profile import Profile
from appliance.model.protocol import Hello

log = logging.getLogger(__name__)


class Recognition:
    """`profile` is that of the device that the engine would take; it stays while that one is away."""

    def __init__(self, profile_for: Callable[[Hello, str], Profile]) -> None:
        self.profile = Profile()
        self._profile_for = profile_for
        self._hello: Hello | None = None
        self._followed: tuple[object, ...] | None = None

    def greeted(self, hello: Hello) -> None:
        """The engine says on which board it runs and what it sees."""
        self._hello, self._followed = hello, None

    def follow(self, devices: tuple[DeviceFacts, ...], wanted: str) -> bool:
        """Whether the profile is another one, by what is plugged in (none: as greeted) and the device that is set."""
        hello = self._hello
        if hello is None or self._followed == (devices, wanted):
            return False
        is_new, self._followed = self._followed is None, (devices, wanted)
        seen = devices or hello.devices
        if not is_new and meant_device(seen, wanted) is None:
            return False
        before, self.profile = self.profile, self._profile_for(msgspec.structs.replace(hello, devices=seen), wanted)
        if self.profile == before:
            return False
        log.info("The hardware is %s.", self.profile.name)
        return True
