"""Pictures out of buffers: every format, padded lines, two planes, MJPEG good and bad, and when a buffer goes back."""

from __future__ import annotations

import gc
import weakref
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.engine.frame import CapturedFrame, SourceFormat
from appliance.engine.inputs.decode import FrameReader

WIDTH, HEIGHT = 96, 64
RAW = ("yuyv422", "uyvy422", "nv12", "yuv420p", "rgb24", "bgr24", "nv16", "nv24")
LINE_BYTES = {"yuyv422": 2, "uyvy422": 2, "rgb24": 3, "bgr24": 3}
ZERO_COPY = [(name, padding) for name in RAW for padding in (0, 96) if not (padding and name in {"yuyv422", "uyvy422"})]


def source(pixel_format: str, stride: int = 0, *, full: bool = False, space: str = "bt709") -> SourceFormat:
    return SourceFormat(pixel_format, WIDTH, HEIGHT, Fraction(60), stride, space, full)


def planes_of(picture: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """The visible bytes of every plane, line by line."""
    depth = LINE_BYTES.get(picture.format.name, 1)
    planes = []
    for number, plane in enumerate(picture.planes):
        width = plane.width * depth
        if number and picture.format.name.startswith("nv"):
            width *= 2
        lines = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, -1)
        planes.append(lines[:, :width])
    return planes


def buffer_of(pixel_format: str, padding: int) -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]], int]:
    """A random picture as V4L2 lays it out: the flat buffer, its planes without padding, and the stride."""
    random = np.random.default_rng(7)
    width = WIDTH * LINE_BYTES.get(pixel_format, 1)
    stride = width + padding
    # (bytes, lines, stride) of each plane; V4L2 halves the stride of I420's chroma
    shapes = {
        "nv12": [(width, HEIGHT, stride), (width, HEIGHT // 2, stride)],
        "nv16": [(width, HEIGHT, stride), (width, HEIGHT, stride)],
        "nv24": [(width, HEIGHT, stride), (width * 2, HEIGHT, stride * 2)],
        "yuv420p": [(width, HEIGHT, stride)] + [(width // 2, HEIGHT // 2, stride // 2)] * 2,
    }.get(pixel_format, [(width, HEIGHT, stride)])
    padded, tight = [], []
    for used, lines, line in shapes:
        plane = random.integers(0, 256, (lines, line), np.uint8)
        padded.append(plane.reshape(-1))
        tight.append(plane[:, :used])
    return np.concatenate(padded), tight, stride


@pytest.mark.parametrize("padding", [0, 64, 96])
@pytest.mark.parametrize("pixel_format", RAW)
def test_every_format_arrives_as_it_was(pixel_format: str, padding: int) -> None:
    buffer, tight, stride = buffer_of(pixel_format, padding)
    reader = FrameReader()
    for _ in range(2):  # the second goes through the same decoder
        picture = reader.picture(CapturedFrame(source(pixel_format, stride), (buffer,), 0, 0))
        assert picture is not None
        assert (picture.format.name, picture.width, picture.height) == (pixel_format, WIDTH, HEIGHT)
        for seen, meant in zip(planes_of(picture), tight, strict=True):
            np.testing.assert_array_equal(seen, meant)
        assert picture.pict_type == 0


@pytest.mark.parametrize(("pixel_format", "padding"), ZERO_COPY)
def test_the_buffer_is_lent_until_the_picture_is_gone(pixel_format: str, padding: int) -> None:
    memory, _, stride = buffer_of(pixel_format, padding)
    view = np.frombuffer(memoryview(memory), np.uint8)
    returned: list[int] = []
    weakref.finalize(view, returned.append, 1)
    reader = FrameReader()
    frame = CapturedFrame(source(pixel_format, stride), (view,), 0, 0)
    picture = reader.picture(frame)
    assert picture is not None
    assert np.frombuffer(picture.planes[0], np.uint8).ctypes.data == memory.ctypes.data
    del view, frame
    gc.collect()
    assert returned == []
    del picture
    gc.collect()
    assert returned == [1]


def test_bytes_after_the_picture_do_not_matter() -> None:
    buffer, tight, stride = buffer_of("nv12", 0)
    longer = np.concatenate([buffer, np.zeros(4096, np.uint8)])
    picture = FrameReader().picture(CapturedFrame(source("nv12", stride), (longer,), 0, 0))
    assert picture is not None
    np.testing.assert_array_equal(planes_of(picture)[1], tight[1])


def test_chroma_in_a_buffer_of_its_own() -> None:
    buffer, tight, stride = buffer_of("nv12", 64)
    luma, chroma = buffer[: stride * HEIGHT].copy(), buffer[stride * HEIGHT :].copy()
    returned: list[str] = []
    weakref.finalize(luma, returned.append, "luma")
    weakref.finalize(chroma, returned.append, "chroma")
    frame = CapturedFrame(source("nv12", stride), (luma, chroma), 0, 0)
    picture = FrameReader().picture(frame)
    assert picture is not None
    for seen, meant in zip(planes_of(picture), tight, strict=True):
        np.testing.assert_array_equal(seen, meant)
    del luma, chroma, frame, seen
    assert returned == []
    del picture
    assert sorted(returned) == ["chroma", "luma"]


@pytest.mark.parametrize("pixel_format", RAW)
@pytest.mark.parametrize("padding", [0, 64])
def test_a_buffer_that_is_too_small_is_no_picture(pixel_format: str, padding: int) -> None:
    buffer, _, stride = buffer_of(pixel_format, padding)
    reader = FrameReader()
    assert reader.picture(CapturedFrame(source(pixel_format, stride), (buffer[:-1],), 0, 0)) is None
    assert reader.corrupt == 1


def test_format_may_change_from_frame_to_frame() -> None:
    reader = FrameReader()
    for pixel_format in ("yuyv422", "nv12", "yuyv422"):
        buffer, _, stride = buffer_of(pixel_format, 0)
        picture = reader.picture(CapturedFrame(source(pixel_format, stride), (buffer,), 0, 0))
        assert picture is not None
        assert picture.format.name == pixel_format


@pytest.mark.parametrize(
    ("space", "full", "color_space", "color_range"),
    [("bt709", False, 1, 1), ("smpte170m", False, 6, 1), ("bt709", True, 1, 2), ("rgb", True, 0, 2)],
)
def test_colours_are_marked(space: str, full: bool, color_space: int, color_range: int) -> None:
    buffer, _, stride = buffer_of("nv12", 0)
    captured = CapturedFrame(source("nv12", stride, full=full, space=space), (buffer,), 0, 0)
    picture = FrameReader().picture(captured)
    assert picture is not None
    assert (picture.colorspace, picture.color_range) == (color_space, color_range)


def jpeg() -> NDArray[np.uint8]:
    """A picture of noise as one JPEG."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = WIDTH, HEIGHT, "yuvj422p", Fraction(1, 60)
    picture = av.VideoFrame(WIDTH, HEIGHT, "yuvj422p")
    random = np.random.default_rng(3)
    for plane in picture.planes:
        plane.update(random.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    return np.frombuffer(bytes(encoder.encode(picture)[0]), np.uint8)


def read_jpeg(reader: FrameReader, data: NDArray[np.uint8]) -> av.VideoFrame | None:
    return reader.picture(CapturedFrame(source("mjpeg", full=True), (data,), 0, 0))


@pytest.mark.parametrize("padding", [0, 1000])
def test_mjpeg_is_full_range_and_gives_its_buffer_back_at_once(padding: int) -> None:
    data = np.concatenate([jpeg(), np.zeros(padding, np.uint8)])
    returned: list[int] = []
    weakref.finalize(data, returned.append, 1)
    picture = read_jpeg(FrameReader(), data)
    assert picture is not None
    assert (picture.format.name, picture.width, picture.height) == ("yuvj422p", WIDTH, HEIGHT)
    assert picture.color_range == 2
    assert picture.pict_type == 0
    del data
    assert returned == [1]


def test_a_damaged_jpeg_is_no_picture_and_the_next_one_is() -> None:
    whole = jpeg()
    middle = len(whole) // 2
    hole = whole.copy()
    hole[middle : middle + 400] = 0
    cut = np.concatenate([whole[:middle], whole[-2:]])
    zeros, next_one = (np.concatenate([whole[:middle], more]) for more in (np.zeros(len(whole), np.uint8), whole))
    reader = FrameReader()
    damaged = (whole[:0], whole[:3], whole[:middle], whole[middle:], whole[:300], hole, cut, zeros, next_one)
    for bad in damaged:
        assert read_jpeg(reader, bad) is None
    assert reader.corrupt == len(damaged)
    assert read_jpeg(reader, whole) is not None
    assert read_jpeg(reader, whole[middle:]) is None, "what the decoder remembers is no picture"


@pytest.mark.parametrize(
    "behind",
    [
        b"",
        bytes(4000),
        bytes(4096),
        bytes(2 * WIDTH * HEIGHT),
        bytes(range(256)) * 80,
        b"\xff" * 9000,
        bytes(jpeg()[900:]),
    ],
    ids=["nothing", "4000 zeros", "4096 zeros", "the whole buffer", "old bytes", "ones", "an old picture's end"],
)
@pytest.mark.parametrize("end", ["whole", "no end", "half an end"])
def test_where_a_jpeg_ends_says_nothing_about_it(end: str, behind: bytes) -> None:
    whole = bytes(jpeg())
    wanted = read_jpeg(FrameReader(), jpeg())
    data = {"whole": whole, "no end": whole[:-2], "half an end": whole[:-1]}[end] + behind
    picture = read_jpeg(FrameReader(), np.frombuffer(data, np.uint8))
    assert picture is not None
    assert wanted is not None
    for seen, meant in zip(planes_of(picture), planes_of(wanted), strict=True):
        np.testing.assert_array_equal(seen, meant)


def test_a_jpeg_of_an_unusual_kind_becomes_a_usual_one_with_its_colours() -> None:
    """RGB inside: the components are called R, G and B."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = WIDTH, HEIGHT, "yuvj444p", Fraction(1, 60)
    encoder.qmin = encoder.qmax = 2
    picture = av.VideoFrame(WIDTH, HEIGHT, "yuvj444p")
    for plane, value in zip(picture.planes, (200, 120, 50), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    data = bytearray(encoder.encode(picture)[0])
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    for number, name in enumerate(b"RGB"):
        data[frame + 10 + 3 * number] = data[scan + 5 + 2 * number] = name
    seen = read_jpeg(FrameReader(), np.frombuffer(bytes(data), np.uint8))
    assert seen is not None
    assert (seen.format.name, seen.color_range, seen.colorspace) == ("yuvj444p", 2, 6)
    luma, blueness, redness = (int(plane[HEIGHT // 2, WIDTH // 2]) for plane in planes_of(seen))
    assert luma == pytest.approx(0.299 * 200 + 0.587 * 120 + 0.114 * 50, abs=3)
    assert blueness == pytest.approx(128 + (50 - luma) / 1.772, abs=3)
    assert redness == pytest.approx(128 + (200 - luma) / 1.402, abs=3)


def test_an_unknown_format_is_a_bug() -> None:
    with pytest.raises(ValueError, match="h264"):
        FrameReader().picture(CapturedFrame(source("h264"), (jpeg(),), 0, 0))


@pytest.mark.parametrize(("width", "height", "stride"), [(17, 16, 17), (16, 17, 16), (16, 16, 19), (17, 17, 34)])
@pytest.mark.parametrize("name", ["nv12", "yuv420p", "nv16", "yuyv422"])
def test_a_layout_that_no_decoder_takes_is_a_damaged_picture(name: str, width: int, height: int, stride: int) -> None:
    reader = FrameReader()
    planes = (np.zeros(stride * height * 4, np.uint8),)
    picture = reader.picture(CapturedFrame(SourceFormat(name, width, height, Fraction(60), stride), planes, 0, 0))
    assert (picture is None) == (reader.corrupt == 1)
    if picture is not None:
        assert (picture.width, picture.height) == (width, height)
