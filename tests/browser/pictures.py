"""`python -m tests.browser.pictures`: a picture of every screen, phone and desktop, dark and light, into docs/pictures.

Made with the fake box, so that every state can be seen. Pictures have a palette of their own to stay small.
`... --pairs PLACE` takes those to look through one by one after a change: every pair of `VIEWS` is in one of them.
"""

from __future__ import annotations

import io
import sys
from contextlib import ExitStack
from pathlib import Path

import av
from av.container import InputContainer
from av.filter import Graph
from playwright.sync_api import Page

from tests.browser.chromium import PHONE, browsing, device, resize
from tests.browser.fakebox import FakeBox
from tests.browser.pairs import covering
from tests.browser.screens import SCREENS, show
from tests.project import ROOT

PLACE = ROOT / "docs" / "pictures"
COLOURS = 40
MAIN = ("home", "chat", "looks", "sound", "clips", "settings")
SMALL_DESKTOP = {"viewport": {"width": 1024, "height": 640}}
VIEWS = {
    "screen": [screen.name for screen in SCREENS],
    "size": ["390x844", "844x390", "320x568", "768x1024", "1280x800"],
    "words": ["en", "es", "mirrored"],
    "theme": ["dark", "light"],
    "text": ["100%", "200%"],
}
"""What may meet. Words that are mirrored are English ones, on a page that reads from right to left."""
LAID_OUT = """([way, size]) => {
    document.documentElement.dir = way;
    document.documentElement.style.fontSize = size;
}"""
SEEN = ".screen img:not([hidden]), .screen video:not([hidden])"


def small(png: bytes) -> bytes:
    """The same picture with a palette."""
    with av.open(io.BytesIO(png), format="png_pipe") as file:
        assert isinstance(file, InputContainer)
        frame = next(file.decode(video=0)).reformat(format="rgb24")
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    split, make = graph.add("split"), graph.add("palettegen", f"max_colors={COLOURS}:reserve_transparent=0")
    use, sink = graph.add("paletteuse", "dither=none"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(make, 1, 0)
    make.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    made = graph.pull()
    assert isinstance(made, av.VideoFrame)
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = made.width, made.height, "pal8"
    encoder.time_base = made.time_base or frame.time_base
    encoder.options = {"compression_level": "9", "pred": "none"}
    return b"".join(bytes(packet) for packet in [*encoder.encode(made), *encoder.encode(None)])


def take(place: Path, only: str = "") -> int:
    """Takes them all, or those whose name begins with `only`; returns their size in bytes."""
    place.mkdir(parents=True, exist_ok=True)
    total = 0
    with FakeBox() as box, browsing() as browser:
        for kind, options in (("phone", {**PHONE, "device_scale_factor": 1}), ("desktop", SMALL_DESKTOP)):
            for theme in ("dark", "light"):
                with device(browser, options, color_scheme=theme, reduced_motion="reduce") as context:
                    context.add_init_script("localStorage.clear()")
                    page = context.new_page()
                    for screen in SCREENS:
                        # Of a desktop the main screens are enough: it shows the same columns side by side.
                        is_main = kind == "phone" or screen.name.startswith(MAIN)
                        if not is_main or not screen.name.startswith(only):
                            continue
                        show(box, page, screen)
                        page.evaluate("document.fonts.ready")
                        if screen.name.startswith("home") or (kind == "desktop" and screen.name != "pairing"):
                            page.wait_for_selector(SEEN)
                        picture = small(page.screenshot(full_page=False))
                        (place / f"{screen.name}-{kind}-{theme}.png").write_bytes(picture)
                        total += len(picture)
    return total


def take_pairs(place: Path) -> int:
    """Takes the pictures of `VIEWS`; returns how many."""
    place.mkdir(parents=True, exist_ok=True)
    rows = covering(VIEWS)
    screens = {screen.name: screen for screen in SCREENS}
    with FakeBox() as box, browsing() as browser, ExitStack() as phones:
        pages: dict[tuple[str, str], Page] = {}
        for number, row in enumerate(rows):
            look = row["theme"], "es-ES" if row["words"] == "es" else "en-US"
            if look not in pages:
                phone = phones.enter_context(device(browser, color_scheme=look[0], locale=look[1]))
                pages[look] = phone.new_page()
            page = pages[look]
            width, height = map(int, row["size"].split("x"))
            show(box, page, screens[row["screen"]])
            page.evaluate(LAID_OUT, ["rtl" if row["words"] == "mirrored" else "ltr", row["text"]])
            resize(page, width, height)
            name = "-".join([f"{number:03}", *(value.replace("%", "") for value in row.values())])
            (place / f"{name}.png").write_bytes(page.screenshot())
    return len(rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pairs"]:
        count = take_pairs(Path(sys.argv[2]))
        print(f"{count} pictures in {sys.argv[2]}")
        sys.exit()
    size = take(PLACE, *sys.argv[1:2])
    print(f"{size / 1e6:.2f} MB in {PLACE}")
