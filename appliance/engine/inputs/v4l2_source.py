"""Pictures from a V4L2 capture device, for ever: whatever the device, the cable and the console do.

Owns the device node and its buffers, on one thread. Frames go into a mailbox without a copy; why there is none
goes to `on_signal`, only when it changes. Never raises into the world, never composes, converts or decodes.
"""

from __future__ import annotations

import errno
import logging
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from linuxpy.video import raw

from appliance.engine.frame import CapturedFrame
from appliance.engine.hardware.register import DeviceRegister
from appliance.engine.threads.mailbox import Mailbox
from appliance.engine.threads.worker import Worker
from appliance.engine.v4l2 import edid, timings
from appliance.engine.v4l2.buffers import BufferQueue, Filled, Layout
from appliance.engine.v4l2.formats import PREFERENCE, Offer
from appliance.engine.v4l2.ioctl import Capability, Node
from appliance.engine.v4l2.negotiate import agree, choose
from appliance.engine.v4l2.timings import Timings, mode_name, timings_of
from appliance.engine.v4l2.trouble import (
    DEVICE_ERROR,
    NO_CABLE,
    NO_DEVICE_AT_ALL,
    NO_SIGNAL,
    NOT_A_CAPTURE,
    NOTHING_WRITTEN,
    OUT_OF_RANGE,
    STALLED,
    USB_FULL,
    USB_REFUSED,
    Trouble,
    trouble_of,
)
from appliance.errors import Invalid
from appliance.hardware.device_name import automatic_device, real_node
from appliance.model.signal import Cause, Signal

log = logging.getLogger(__name__)

STALL_S = 1.0
FIRST_FRAME_S = 3.0
"""USB cards and webcams need their time after STREAMON."""

_WAIT_S = 0.4
_CALM_S = 0.002
"""After a driver that said there is a picture and had no good one: it may say so without end."""

_REFUSED_BY_USB = {errno.EIO, errno.EPROTO}
"""What STREAMON answers, beside ENOSPC, when the bus or the device does not carry what S_FMT agreed on."""

_NO_PICTURE_YET = {errno.ENOLINK, errno.ENOLCK, errno.ERANGE}
_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """Which device, and how. `device` is `auto` or a node; `pixel_formats` are FFmpeg names, best first.

    `edid` is the hex text of an EDID to give the input, empty to leave it alone, and `edid_bus` the bus of the device
    it is for, empty for any. `buffers` are what we ask for.
    `auto` takes the first of `kinds` that is not `taken`: a face camera is ("webcam",) and not the console's node.
    `open` opens a node; tests give one that answers as no driver should. `input` is the number of the input to take
    where the card has several, -1 for the first that is a receiver. `register` knows who has which node open.
    """

    device: str = "auto"
    pixel_formats: tuple[str, ...] = PREFERENCE
    edid: str = ""
    edid_bus: str = ""
    buffers: int = 6
    kinds: tuple[str, ...] = ("hdmi", "webcam")
    taken: Callable[[], str] = str
    open: Callable[[str], Node] = Node
    input: int = -1
    register: DeviceRegister = field(default_factory=DeviceRegister)


class _NotStartedError(OSError):
    """The driver agreed to a format and then did not begin to stream."""


class V4l2Source(Worker):
    """The capture thread. `frames` gets the newest picture, `on_signal` every change of the signal, on this thread.

    `captured` counts frames handed out, `skipped` those dropped (late, damaged, or because readers hold too many
    buffers). `node` is the device in use, links followed, empty while there is none.
    """

    def __init__(
        self,
        request: CaptureRequest,
        frames: Mailbox[CapturedFrame],
        on_signal: Callable[[Signal], None],
        name: str = "capture",
    ) -> None:
        super().__init__(name)
        self.captured = 0
        self.skipped = 0
        self.node = ""
        self._request = request
        self._frames = frames
        self._on_signal = on_signal
        self._told: Signal | None = None
        self._edid = _usable_edid(request.edid)
        self._edid_taken = b""
        self._refused: tuple[Offer, ...] = ()
        self._must_copy = False
        self._has_warned = False

    def work(self) -> None:
        """Opens, streams and closes until asked to stop."""
        retry_s = _FIRST_RETRY_S
        while not self.stopping:
            self.beat()
            before, refusals = self.captured, len(self._refused)
            try:
                self._session()
            except Trouble as trouble:
                self._tell(trouble.signal(time.time()))
            except OSError as error:
                self._tell(trouble_of(error, self._name).signal(time.time()))
            else:
                retry_s = 0.0
            self.node = ""
            self._frames.take(0)  # an unread picture would hold the last buffers of a device that is gone
            is_near = self.captured > before or len(self._refused) > refusals  # it works, or there is more to try
            retry_s = _FIRST_RETRY_S if is_near else min(max(retry_s * 2, 0.05), _LAST_RETRY_S)
            self.pause(retry_s)

    def _session(self) -> None:
        """One device from open to close. Returns when the source changed or to stop; raises when there is trouble."""
        refused, self._refused = self._refused, ()
        self.node = self._find()
        register = self._request.register
        with register.held(self.node), self._request.open(self.node) as node:
            capability = node.capability()
            if not capability.is_capture:
                if capability.is_loopback:
                    raise Trouble(NOTHING_WRITTEN, self.node)
                raise Trouble(NOT_A_CAPTURE, self.node, _what_it_is(capability))
            register.learn(node)
            for event in (raw.EventType.SOURCE_CHANGE, raw.EventType.EOS):
                node.subscribe(event)
            is_receiver = self._select_input(node)
            mode: Timings | None = None
            if is_receiver:
                self._give_edid(node, capability.bus)
                mode = self._await_signal(node)
                if mode is None:
                    return
            kind = raw.BufType.VIDEO_CAPTURE_MPLANE if capability.is_multiplanar else raw.BufType.VIDEO_CAPTURE
            self._must_copy = capability.is_loopback
            offer = choose(node, kind, self._request.pixel_formats, mode, refused)
            try:
                self._stream(node, agree(node, kind, offer, mode))
            except _NotStartedError as error:
                if (trouble := _no_room(error, node, offer, is_usb=capability.is_usb)) is None:
                    raise
                # Once all have been refused the first is asked for again, and after it the others.
                self._refused = (offer,) if offer in refused else (*refused, offer)
                raise trouble from None

    @property
    def _name(self) -> str:
        """What people call the device."""
        device = self._request.device
        return device if device != "auto" else self.node or device

    def _find(self) -> str:
        if self._request.device != "auto":
            return real_node(self._request.device)  # what a link means may change with every plug
        node = automatic_device(self._request.register.devices(), self._request.kinds, self._request.taken())
        if not node:
            raise Trouble(NO_DEVICE_AT_ALL)
        return node

    def _select_input(self, node: Node) -> bool:
        """Makes the wanted input the current one, or one with DV timings; whether it has those (webcams have none)."""
        inputs = {index: has_timings for index, _, has_timings in node.inputs()}
        receivers = [index for index, has_timings in inputs.items() if has_timings]
        wanted = self._request.input
        if wanted in inputs and len(inputs) > 1:
            if node.current_input() != wanted:
                node.select_input(wanted)
            return wanted in receivers
        if wanted >= 0 and len(inputs) > 1 and not self._has_warned:
            self._has_warned = True
            log.warning("%s has no input number %d; the box takes what it finds.", node.path, wanted)
        if receivers and node.current_input() not in receivers:
            node.select_input(receivers[0])
        return bool(receivers)

    def _give_edid(self, node: Node, bus: str) -> None:
        if not self._edid or self._request.edid_bus not in {"", bus}:
            return
        try:
            self._edid_taken = edid.write_edid(node, self._edid, self._edid_taken)
        except OSError as error:
            log.warning("%s did not take the EDID: %s.", node.path, error.strerror)
            self._edid = b""

    def _await_signal(self, node: Node) -> Timings | None:
        """Stays with an open receiver until the console's mode is steady and set. None when it is time to stop."""
        while not self.stopping:
            self.beat()
            try:
                answer = timings.settled(lambda: timings.query(node), self.pause)
                if answer is None:
                    return None
                self._apply(node, answer)
            except OSError as error:
                if error.errno not in _NO_PICTURE_YET:
                    raise
                self._tell(_missing_signal(node, error).signal(time.time()))
                _await_change(node, _WAIT_S)
                continue
            return timings_of(answer)
        return None

    def _apply(self, node: Node, answer: raw.v4l2_dv_timings) -> None:
        try:
            timings.apply(node, answer)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise OSError(errno.ERANGE, "the receiver refused the mode") from None

    def _stream(self, node: Node, layout: Layout) -> None:
        queue = BufferQueue(node, layout)
        try:
            try:
                queue.start(self._request.buffers)
            except OSError as error:
                raise _NotStartedError(error.errno, error.strerror) from None
            self._pump(node, queue, layout)
        finally:
            self._frames.take(0)
            queue.close(self.pause)

    def _pump(self, node: Node, queue: BufferQueue, layout: Layout) -> None:
        """Frame after frame, until an event, a stall or the end."""
        # poll, not epoll: v4l2loopback registers for a wake-up only when asked while it has nothing to read
        poll = select.poll()
        poll.register(node.fd, select.POLLIN | select.POLLPRI | select.POLLERR)
        deadline = time.monotonic() + FIRST_FRAME_S
        while not self.stopping:
            self.beat()
            ready = poll.poll(_WAIT_S * 1000)
            happened = ready[0][1] if ready else 0
            if happened & select.POLLPRI and _source_changed(node):
                return
            queue.requeue_returned()
            newest = self._newest(queue)
            if newest is not None:
                deadline = time.monotonic() + STALL_S
                self._hand_out(queue, newest, layout)
            elif happened & (select.POLLERR | select.POLLHUP) and not happened & select.POLLPRI:
                # nothing to read and no reason given: going on would spin
                node.capability()
                raise Trouble(DEVICE_ERROR, node.path, "streaming stopped")
            elif time.monotonic() >= deadline:
                raise Trouble(STALLED, node.path)
            elif ready:
                self.pause(_CALM_S)

    def _newest(self, queue: BufferQueue) -> Filled | None:
        """Takes all that the driver has filled; keeps the newest good one."""
        newest: Filled | None = None
        for _ in range(queue.count):
            filled = queue.dequeue()
            if filled is None:
                break
            unwanted = newest if filled.is_good else filled
            if filled.is_good:
                newest = filled
            if unwanted is not None:
                self.skipped += 1
                queue.requeue(unwanted.index)
        return newest

    def _hand_out(self, queue: BufferQueue, filled: Filled, layout: Layout) -> None:
        source = layout.source
        mode = mode_name(source.width, source.height, source.fps)
        self._tell(Signal(cause=Cause.NONE, mode=mode, pixel_format=source.pixel_format))
        if not queue.can_lend and not self._must_copy:
            self.skipped += 1
            queue.requeue(filled.index)
            return
        self.captured += 1
        planes = queue.copy(filled) if self._must_copy else queue.lend(filled)
        self._frames.put(CapturedFrame(source, planes, filled.captured_ns, filled.sequence))

    def _tell(self, signal: Signal) -> None:
        if _gist(signal) == _gist(self._told):
            return
        self._told = signal
        if signal.problem is None:
            log.info("A picture comes from %s: %s %s.", self.node, signal.mode, signal.pixel_format)
        else:
            log.warning("%s", signal.problem.text)
        self._on_signal(signal)


def _gist(signal: Signal | None) -> tuple[str, ...]:
    """What counts as a change: not the time, and not other words for the same."""
    if signal is None:
        return ()
    return signal.cause, signal.mode, signal.pixel_format, signal.problem.code if signal.problem else ""


def _usable_edid(text: str) -> bytes:
    """The EDID of the request; an unusable one is left out, for a picture without it is better than none."""
    if not text.strip():
        return b""
    try:
        return edid.parse_edid(text)
    except Invalid as error:
        log.warning("The input keeps the EDID it has. %s", error)
        return b""


def _what_it_is(capability: Capability) -> str:
    if capability.is_m2m:
        return f"a codec or scaler ({capability.card})"
    kind = "a video output" if capability.is_output else "another kind of device"
    return f"{kind} ({capability.card})"


def _missing_signal(node: Node, error: OSError) -> Trouble:
    """Why the receiver has no mode. Some boards say +5 V is there when it is not, never the other way round."""
    if error.errno == errno.ENOLINK and node.control(raw.ControlID.DV_RX_POWER_PRESENT) == 0:
        return Trouble(NO_CABLE, node.path)
    reason = {errno.ENOLINK: NO_SIGNAL, errno.ERANGE: OUT_OF_RANGE}.get(error.errno or 0)
    return Trouble(reason, node.path) if reason else trouble_of(error, node.path)


def _no_room(error: OSError, node: Node, offer: Offer, *, is_usb: bool) -> Trouble | None:
    """What to tell when STREAMON failed for want of room on the bus; None when it failed for another reason."""
    if error.errno == errno.ENOSPC:
        return Trouble(USB_FULL, node.path, f"{offer.format.name} {mode_name(offer.width, offer.height, offer.fps)}")
    if error.errno in _REFUSED_BY_USB and is_usb:
        return Trouble(USB_REFUSED, node.path, error.strerror or "unknown error")
    return None


def _await_change(node: Node, seconds: float) -> None:
    """Waits for the driver to say that the source changed, at most `seconds`."""
    poll = select.poll()
    poll.register(node.fd, select.POLLPRI)
    poll.poll(seconds * 1000)
    for _ in node.events():
        pass


def _source_changed(node: Node) -> bool:
    """Reads all events; whether one of them means that the stream must be set up anew."""
    return not {raw.EventType.SOURCE_CHANGE, raw.EventType.EOS}.isdisjoint(node.events())
