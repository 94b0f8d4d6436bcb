"""Which picture formats we read, how they lie in memory, and which one to ask a device for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """A format under V4L2's four-character code and under FFmpeg's name.

    `line_bytes` is the first plane's bytes for one pixel of width; `size` is the whole picture's bytes as a
    multiple of stride x height. `memory_planes` is 2 where the driver keeps chroma in a buffer of its own.
    """

    fourcc: int
    name: str
    line_bytes: int
    size: Fraction
    memory_planes: int = 1

    @property
    def is_compressed(self) -> bool:
        """Whether a picture's size varies."""
        return self.line_bytes == 0


def fourcc(code: str) -> int:
    """V4L2's number of a four-character code."""
    return int.from_bytes(code.encode("ascii"), "little")


def fourcc_text(code: int) -> str:
    """A four-character code for people, whatever is in it. Big-endian variants lose their mark."""
    letters = (code & 0x7FFFFFFF).to_bytes(4, "little").decode("ascii", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in letters).strip()


FORMATS = (
    PixelFormat(fourcc("YUYV"), "yuyv422", 2, Fraction(1)),
    PixelFormat(fourcc("UYVY"), "uyvy422", 2, Fraction(1)),
    PixelFormat(fourcc("NV12"), "nv12", 1, Fraction(3, 2)),
    PixelFormat(fourcc("NM12"), "nv12", 1, Fraction(1), 2),
    PixelFormat(fourcc("YU12"), "yuv420p", 1, Fraction(3, 2)),
    PixelFormat(fourcc("RGB3"), "rgb24", 3, Fraction(1)),
    PixelFormat(fourcc("BGR3"), "bgr24", 3, Fraction(1)),
    PixelFormat(fourcc("NV16"), "nv16", 1, Fraction(2)),
    PixelFormat(fourcc("NV24"), "nv24", 1, Fraction(3)),
    PixelFormat(fourcc("MJPG"), "mjpeg", 0, Fraction(0)),
    PixelFormat(fourcc("JPEG"), "mjpeg", 0, Fraction(0)),
)
"""What we read, cheapest to convert first. NV16 and NV24 are what some SoC receivers dictate."""

BY_FOURCC = {known.fourcc: known for known in FORMATS}
PREFERENCE = tuple(dict.fromkeys(known.name for known in FORMATS))
"""FFmpeg names in our order of preference."""

_WANTED = ((1920, 1080, 49), (1280, 720, 49), (1920, 1080, 24), (1280, 720, 24))
_UNKNOWN_FPS = Fraction(30)


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing a device can send: a known format at a size and a rate (0 where the driver does not say)."""

    format: PixelFormat
    width: int
    height: int
    fps: Fraction


def need(offer: Offer) -> Fraction:
    """What an offer asks of a bus: bytes a second; of compressed pictures, whose size varies, only to be compared."""
    bytes_a_pixel = offer.format.line_bytes * offer.format.size or Fraction(1)
    return offer.width * offer.height * (offer.fps or _UNKNOWN_FPS) * bytes_a_pixel


def easier_offers(offers: Sequence[Offer], refused: Iterable[Offer]) -> list[Offer]:
    """The offers that are worth a try on a bus that had no room for `refused`; all, once there is no such one.

    Compressed and raw pictures do not compare: what is compressed needs less than its size says.
    """

    def is_easier(offer: Offer) -> bool:
        return not any(
            offer.format.is_compressed == other.format.is_compressed and need(offer) >= need(other) for other in refused
        )

    return [offer for offer in offers if is_easier(offer)] or list(offers)


def known_formats(codes: Iterable[int], preference: Sequence[str]) -> list[PixelFormat]:
    """The formats among a device's codes that we read, best first. Only those named in `preference` count."""
    known = [BY_FOURCC[code] for code in dict.fromkeys(codes) if code in BY_FOURCC]
    usable = [one for one in known if one.name in preference]
    return sorted(usable, key=lambda one: (preference.index(one.name), FORMATS.index(one)))


def best_offer(offers: Sequence[Offer], preference: Sequence[str]) -> Offer | None:
    """What to ask a webcam or USB card for: 1080p60, 720p60, 1080p30, 720p30, else the largest up to 1080p.

    Rates of 50 count as 60 and 25 as 30; of equal size and rate the format earlier in `preference` wins, so raw
    pictures come before compressed ones.
    """

    def rank(offer: Offer) -> tuple[float, ...]:
        fps = offer.fps or _UNKNOWN_FPS
        tier = len(_WANTED)
        for index, (width, height, at_least) in enumerate(_WANTED):
            if (offer.width, offer.height) == (width, height) and fps >= at_least:
                tier = index
                break
        pixels = offer.width * offer.height
        too_large = pixels > 1920 * 1080
        size = 0 if tier < len(_WANTED) else (pixels if too_large else -pixels)
        too_slow = tier == len(_WANTED) and fps < 15
        return (tier, too_slow, too_large, size, float(abs(fps - 60)), preference.index(offer.format.name))

    return min(offers, key=rank) if offers else None
