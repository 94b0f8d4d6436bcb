"""Which format is asked for: tables of what devices list and what we want of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from appliance.engine.v4l2.formats import (
    BY_FOURCC,
    FORMATS,
    PREFERENCE,
    Offer,
    best_offer,
    fourcc,
    fourcc_text,
    known_formats,
)

type Listed = tuple[str, int, int, Fraction | int]

MS2109: list[Listed] = [
    ("MJPG", 1920, 1080, 30),
    ("MJPG", 1280, 720, 60),
    ("MJPG", 640, 480, 60),
    ("YUYV", 1920, 1080, 5),
    ("YUYV", 1280, 720, 10),
    ("YUYV", 640, 480, 30),
]
MS2130: list[Listed] = [
    ("MJPG", 1920, 1080, 60),
    ("YUYV", 1920, 1080, 60),
    ("YUYV", 1920, 1080, 30),
    ("YUYV", 1280, 720, 60),
]
CAM_LINK: list[Listed] = [("NV12", 1920, 1080, Fraction(60000, 1001)), ("YUYV", 1920, 1080, Fraction(60000, 1001))]


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        (MS2109, ("mjpeg", 1280, 720, 60)),
        (MS2130, ("yuyv422", 1920, 1080, 60)),
        (CAM_LINK, ("yuyv422", 1920, 1080, Fraction(60000, 1001))),
        ([("YUYV", 1920, 1080, 60), ("YUYV", 1920, 1080, 120)], ("yuyv422", 1920, 1080, 60)),
        ([("YUYV", 1920, 1080, 50), ("YUYV", 1280, 720, 60)], ("yuyv422", 1920, 1080, 50)),
        ([("YUYV", 1280, 720, 50), ("MJPG", 1280, 720, 60)], ("mjpeg", 1280, 720, 60)),
        ([("YUYV", 640, 480, 30), ("YUYV", 800, 600, 30), ("YUYV", 2592, 1944, 30)], ("yuyv422", 800, 600, 30)),
        ([("YUYV", 2592, 1944, 5), ("YUYV", 3840, 2160, 5)], ("yuyv422", 2592, 1944, 5)),
        ([("YUYV", 1600, 1200, 5), ("YUYV", 640, 480, 30)], ("yuyv422", 640, 480, 30)),
        ([("NV12", 1280, 720, 0)], ("nv12", 1280, 720, 0)),
    ],
    ids=["MS2109", "MS2130", "Cam Link", "not 120", "50 is 60", "rate first", "camera", "too large", "slow", "unknown"],
)
def test_best_offer(listed: list[Listed], wanted: tuple[str, int, int, Fraction]) -> None:
    offers = [Offer(BY_FOURCC[fourcc(code)], width, height, Fraction(fps)) for code, width, height, fps in listed]
    best = best_offer(offers, PREFERENCE)
    assert best is not None
    assert (best.format.name, best.width, best.height, best.fps) == wanted


def test_no_offers_no_choice() -> None:
    assert best_offer([], PREFERENCE) is None


def test_known_formats_come_in_the_order_asked_for() -> None:
    codes = [fourcc(code) for code in ("MJPG", "H264", "BGR3", "NM12", "NV12", "YUYV")]
    assert [one.name for one in known_formats(codes, PREFERENCE)] == ["yuyv422", "nv12", "nv12", "bgr24", "mjpeg"]
    assert [fourcc_text(one.fourcc) for one in known_formats(codes, ("nv12",))] == ["NV12", "NM12"]
    assert known_formats(codes, ("uyvy422",)) == []


def test_four_character_codes_read_both_ways() -> None:
    assert fourcc("YUYV") == 0x56595559
    assert [fourcc_text(known.fourcc) for known in FORMATS][:3] == ["YUYV", "UYVY", "NV12"]
    assert fourcc_text(0x0201) == "????"
