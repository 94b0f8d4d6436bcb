"""Looks once a second at what hardware there is, so that plugging and unplugging shows in the next report.

Owns the thread; reads lists of the kernel and asks new devices through the register. Something that hangs in it (a dead
disk, a bad driver) makes the lists old and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from appliance.engine.hardware.disks import removable_disks
from appliance.engine.hardware.register import DeviceRegister
from appliance.engine.hardware.sound import sound_devices
from appliance.engine.threads.worker import Worker
from appliance.model.device import DeviceFacts, DiskFacts, SoundFacts

EVERY_S = 1.0


class HardwareWatch(Worker):
    """`devices`, `sounds` and `disks` are the newest lists; `on_change` is called when something came or went."""

    must_beat = False

    def __init__(
        self,
        register: DeviceRegister,
        on_change: Callable[[], None],
        disks: Callable[[], tuple[DiskFacts, ...]] = removable_disks,
    ) -> None:
        super().__init__("hardware")
        self.devices: tuple[DeviceFacts, ...] = ()
        self.sounds: tuple[SoundFacts, ...] = ()
        self.disks: tuple[DiskFacts, ...] = ()
        self._register = register
        self._on_change = on_change
        self._disks = disks

    def work(self) -> None:
        """Looks until stopped."""
        while not self.stopping:
            self.beat()
            before = self._names
            self.devices = self._register.devices()
            self.sounds = tuple(SoundFacts(name=one.name, text=one.label or one.card) for one in sound_devices())
            self.disks = self._disks()
            if self._names != before:
                self._on_change()
            self.pause(EVERY_S)

    @property
    def _names(self) -> tuple[object, ...]:
        """What counts as a change: not the room on a disk."""
        return self.devices, self.sounds, tuple((disk.name, disk.path) for disk in self.disks)
