"""Game or microphone sound from ALSA, for ever: whatever the card does.

Owns one PCM on one thread. Blocks go to `deliver` with the time of their first sample; why there are none goes to
`on_change`, only when it changes. Never mixes or resamples.

The time of a block against the time at which its first sample was played into snd-aloop, eight clicks in the
virtual box: 0.001 ms at most under the virtual clock, 0.04 to 0.36 ms early in real time on a busy machine.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.engine.hardware.sound import automatic_sound, sound_devices
from appliance.engine.inputs import asound
from appliance.engine.sound.block import SoundBlock
from appliance.engine.threads.worker import Worker
from appliance.model.problem import Problem

log = logging.getLogger(__name__)

RETRY_S = 1.0
STALL_S = 1.0
_WAIT_S = 0.2
_CALM_S = 0.001
"""After lost samples, or none: a card that says "ready" and gives nothing, again and again, must not have a core."""

SENTENCES = {
    "no-sound-device": "No sound comes from {device}: plug the capture device in, or name another under [audio].",
    "sound-busy": "{device} is used by another program: close it, then the sound comes by itself.",
    "no-permission": "Plugcast may not open {device}: add its user to the group audio and start it again.",
    "unsupported-sound": "{device} cannot give stereo sound at 48 kHz: use another sound input.",
    "sound-stalled": "{device} stopped giving sound and is opened again: check that the console sends sound over HDMI.",
    "no-sound-library": "ALSA's library is missing: install the package libasound2 (libasound2t64 on newer systems).",
}
_BY_ERRNO = {
    errno.EBUSY: "sound-busy",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EINVAL: "unsupported-sound",
    errno.EIO: "sound-stalled",
    errno.ETIMEDOUT: "sound-stalled",
}


@dataclass(frozen=True, slots=True)
class SoundSignal:
    """What a source of sound last knew: the ALSA name in use, and what is wrong when nothing comes.

    No name and no problem: nothing was asked for, or `auto` found no input that belongs to the capture device.
    """

    source: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SoundRequest:
    """Which input: `auto`, `none` or an ALSA name. `video_node` says which capture device `auto` stays with.

    `open` opens a PCM; tests give one that answers as no card should.
    """

    device: str = "auto"
    video_node: Callable[[], str] = str
    open: Callable[[str], asound.Pcm] = asound.Pcm


class AlsaSource(Worker):
    """The thread of one sound input. `blocks` and `lost` count blocks handed out and gaps (xruns)."""

    def __init__(
        self,
        request: SoundRequest,
        deliver: Callable[[SoundBlock], None],
        on_change: Callable[[SoundSignal], None],
        name: str = "game-sound",
    ) -> None:
        super().__init__(name)
        self.blocks = 0
        self.lost = 0
        self._request = request
        self._deliver = deliver
        self._on_change = on_change
        self._told: SoundSignal | None = None

    def work(self) -> None:
        """Opens, reads and closes until asked to stop."""
        while not self.stopping:
            self.beat()
            device = self._find()
            if not device:
                self._tell(SoundSignal())
            elif not asound.is_installed():
                self._tell(_problem("no-sound-library", device))
            else:
                self._listen(device)
            self.pause(RETRY_S)

    def _find(self) -> str:
        wanted = self._request.device
        if wanted == "none":
            return ""
        if wanted != "auto":
            return wanted
        return automatic_sound(sound_devices(), self._request.video_node())

    def _listen(self, device: str) -> None:
        """Reads one device until it fails or it is time to stop."""
        try:
            with _opened(device, self._request.open) as pcm:
                self._read(pcm, device)
        except OSError as error:
            self._tell(_problem(_BY_ERRNO.get(error.errno or 0, "no-sound-device"), device))

    def _read(self, pcm: asound.Pcm, device: str) -> None:
        heard_at = time.monotonic()
        while not self.stopping:
            self.beat()
            block = self._block(pcm)
            if block is not None:
                heard_at = time.monotonic()
                self.blocks += 1
                self._tell(SoundSignal(source=device))
                self._deliver(block)
            elif time.monotonic() - heard_at > STALL_S:
                raise OSError(errno.ETIMEDOUT, "no sound")

    def _block(self, pcm: asound.Pcm) -> SoundBlock | None:
        """What was captured; None when nothing was, or when samples were lost and the card goes on."""
        try:
            block = pcm.read(_WAIT_S)
        except OSError as error:
            if error.errno not in {errno.EPIPE, errno.ESTRPIPE}:
                raise
            self.lost += 1
            pcm.restart()
            block = None
        if block is None:
            self.pause(_CALM_S)
        return block

    def _tell(self, signal: SoundSignal) -> None:
        if _gist(signal) == _gist(self._told):
            return
        self._told = signal
        if signal.problem is not None:
            log.warning("%s", signal.problem.text)
        elif signal.source:
            log.info("Sound comes from %s.", signal.source)
        self._on_change(signal)


def _gist(signal: SoundSignal | None) -> tuple[str, ...]:
    """What counts as a change: not the time."""
    return (signal.source, signal.problem.code if signal.problem else "") if signal else ("never told",)


def _opened(device: str, pcm: Callable[[str], asound.Pcm]) -> asound.Pcm:
    """The PCM itself where the card speaks our format, else through ALSA's converter. Raises OSError."""
    try:
        return pcm(device)
    except OSError as error:
        if error.errno != errno.EINVAL or not device.startswith("hw:"):
            raise
    return pcm(f"plug{device}")


def _problem(code: str, device: str) -> SoundSignal:
    text = SENTENCES[code].format(device=device)
    return SoundSignal(problem=Problem(code=code, text=text, facts={"device": device}, since_at=time.time()))
