"""A power cut at any moment of `plugcast adopt`."""

from __future__ import annotations

import sys


class PowerCut(BaseException):
    """The power goes."""


class Plug:
    """Pulled before a step that changes the disk; at rest while `left` is below zero."""

    left = -1

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        del arguments
        if event in {"os.chown", "os.chmod"} and self.left >= 0:
            if self.left == 0:
                raise PowerCut
            self.left -= 1


PLUG = Plug()
sys.addaudithook(PLUG)
