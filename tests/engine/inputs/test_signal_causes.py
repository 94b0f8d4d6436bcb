"""Which cause a receiver's answer has, on hardware that tells of the cable's power and on hardware that does not."""

from __future__ import annotations

import errno
from typing import cast

import pytest

from appliance.engine.inputs.v4l2_source import _missing_signal
from appliance.engine.v4l2.ioctl import Node
from appliance.model.signal import Cause


class Receiver:
    """A node with one control, DV_RX_POWER_PRESENT, that says `power`; None where there is no such control."""

    path = "/dev/video0"

    def __init__(self, power: int | None) -> None:
        self._power = power

    def control(self, number: int) -> int | None:
        del number
        return self._power


@pytest.mark.parametrize(
    ("number", "power", "cause"),
    [
        (errno.ENOLINK, 0, Cause.NO_CABLE),
        (errno.ENOLINK, 1, Cause.NO_SIGNAL),
        (errno.ENOLINK, None, Cause.NO_SIGNAL),
        (errno.ENOLCK, 0, Cause.NO_LOCK),
        (errno.ENOLCK, 1, Cause.NO_LOCK),
        (errno.ERANGE, 1, Cause.OUT_OF_RANGE),
    ],
)
def test_causes(number: int, power: int | None, cause: Cause) -> None:
    trouble = _missing_signal(cast("Node", Receiver(power)), OSError(number, "gone"))
    assert trouble.reason.cause is cause
