"""Text to pixels, by Pango and cairo: shaping, directions, fallback fonts and colour emoji are theirs.

Owns the font map of its thread: make and use one painter on one thread. Knows sizes and lines, not what is said.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import NamedTuple

import cairocffi
import pangocairocffi
import pangocffi

from appliance.model.slate_layout import Room
from appliance.screen.bitmap import BYTES_PER_PIXEL, Bitmap
from appliance.screen.text import clean, shaping_language

# Never a colour emoji font by name: it would draw plain digits, too. Pango finds it by itself where it is wanted.
FONTS = "Inter, Noto Sans, sans-serif"
_GAP = 0.62  # of the lower text's size, between the ink of two texts: line heights of scripts differ too much
_SMALLEST_PX = 8.0


class _Try(NamedTuple):
    """One way to fit the first text: how much smaller, on how many lines, and what may be broken."""

    scale: float
    lines: int
    may_break_words: bool = False
    may_end_early: bool = False


# One line while that stays large, then two, then broken words; at last an ellipsis.
_TRIES = (
    *(_Try(percent / 100, 1) for percent in range(100, 58, -6)),
    *(_Try(percent / 100, 2) for percent in range(82, 45, -6)),
    *(_Try(percent / 100, 2, may_break_words=True) for percent in range(64, 45, -6)),
    *(_Try(percent / 100, 3, may_break_words=True) for percent in range(52, 39, -6)),
    *(_Try(percent / 100, lines, True, True) for percent in range(46, 15, -6) for lines in (3, 2, 1)),
)


@dataclass(frozen=True, slots=True)
class Text:
    """What to paint and how: `size_px` is the wish for the letters' size, `weight` as in CSS, `colour` RGB."""

    words: str
    size_px: float
    weight: int
    colour: tuple[int, int, int]
    smallest_scale: float = 0.0


class Painter:
    """Paints texts under each other in the middle of a room."""

    def __init__(self) -> None:
        # Python closes the binding's libraries when the process ends, while a thread of fontconfig's may still run in
        # them: one more hold on them, which nobody lets go of, keeps them where they are.
        self._hold = ctypes.CDLL("libpangocairo-1.0.so.0")
        self._scratch = cairocffi.Context(cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, 1, 1))

    def paint(self, texts: tuple[Text, ...], room: Room, language: str) -> Bitmap | None:
        """The texts as large as they fit, centred at the top of `room`; None when there is nothing to see.

        The first text gives way first: it shrinks, takes a second line, and at last ends in an ellipsis.
        """
        cleaned = [(text, words) for text in texts if (words := clean(text.words))]
        if not cleaned:
            return None
        for attempt in _TRIES:
            stack = self._stack(cleaned, room, language, attempt)
            if stack.fits(room):
                break
        return stack.painted(room)

    def _stack(self, texts: list[tuple[Text, str]], room: Room, language: str, attempt: _Try) -> _Stack:
        laid = []
        for index, (text, words) in enumerate(texts):
            size_px = max(_SMALLEST_PX, text.size_px * max(attempt.scale, text.smallest_scale))
            how = attempt if index == 0 else attempt._replace(lines=2)
            laid.append(_Laid(self._layout(words, language), text, size_px, how))
            laid[-1].arrange(room.width)
        return _Stack(tuple(laid))

    def _layout(self, words: str, language: str) -> pangocffi.Layout:
        layout = pangocairocffi.create_layout(self._scratch)
        spoken = pangocffi.Language.from_string(shaping_language(words, language))
        if spoken is not None:
            pangocffi.pango.pango_context_set_language(layout.context.pointer, spoken.pointer)
            pangocffi.pango.pango_layout_context_changed(layout.pointer)
        layout.text = words
        # A name that has to be broken is not spelled with a hyphen.
        # By Pango's own functions: the binding's list is never freed once something was inserted.
        pango = pangocffi.pango
        unbroken = pango.pango_attr_list_new()
        pango.pango_attr_list_insert(unbroken, pango.pango_attr_insert_hyphens_new(0))
        pango.pango_layout_set_attributes(layout.pointer, unbroken)
        pango.pango_attr_list_unref(unbroken)
        return layout


class _Laid:
    """One text with its layout."""

    def __init__(self, layout: pangocffi.Layout, text: Text, size_px: float, how: _Try) -> None:
        self.layout = layout
        self.text = text
        self.size_px = size_px
        self._how = how

    def arrange(self, width: int) -> None:
        """Breaks the text into lines of `width` pixels."""
        font = pangocffi.FontDescription()
        font.family = FONTS
        font.weight = self.text.weight
        font.set_absolute_size(pangocffi.units_from_double(self.size_px))
        layout = self.layout
        layout.font_description = font
        layout.width = pangocffi.units_from_double(width)
        layout.alignment = pangocffi.Alignment.CENTER
        layout.wrap = pangocffi.WrapMode.WORD_CHAR if self._how.may_break_words else pangocffi.WrapMode.WORD
        if self._how.may_end_early:
            layout.ellipsize = pangocffi.EllipsizeMode.END
            layout.height = -self._how.lines

    def fits(self, width: int) -> bool:
        """Whether it keeps to the lines it may have and to the width."""
        _, logical = self.layout.get_extents()
        return bool(
            self.layout.get_line_count() <= self._how.lines and pangocffi.units_to_double(logical.width) <= width + 0.5
        )

    @property
    def ink(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is painted, from the layout's origin."""
        ink, _ = self.layout.get_extents()
        left, top = pangocffi.units_to_double(ink.x), pangocffi.units_to_double(ink.y)
        return left, top, left + pangocffi.units_to_double(ink.width), top + pangocffi.units_to_double(ink.height)


class _Stack:
    """Texts under each other."""

    def __init__(self, laid: tuple[_Laid, ...]) -> None:
        self._laid = laid
        self._tops: list[float] = []
        bottom = 0.0
        for index, one in enumerate(laid):
            _, ink_top, _, ink_bottom = one.ink
            self._tops.append(bottom + (one.size_px * _GAP if index else 0.0) - ink_top)
            bottom = self._tops[-1] + ink_bottom
        self._height = bottom

    def fits(self, room: Room) -> bool:
        """Whether everything is in the room."""
        return self._height <= room.height and all(one.fits(room.width) for one in self._laid)

    def painted(self, room: Room) -> Bitmap | None:
        """The bitmap, cut to its ink and to the room, on the even grid."""
        boxes = [one.ink for one in self._laid]
        left = max(0, math.floor(min(box[0] for box in boxes)))
        right = min(room.width, math.ceil(max(box[2] for box in boxes)))
        top = max(0, math.floor(min(box[1] + at for box, at in zip(boxes, self._tops, strict=True))))
        bottom = min(room.height, math.ceil(max(box[3] + at for box, at in zip(boxes, self._tops, strict=True))))
        left -= (room.x + left) % 2 and left > 0
        top -= (room.y + top) % 2 and top > 0
        if right <= left or bottom <= top:
            return None
        surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, right - left, bottom - top)
        context = cairocffi.Context(surface)
        for one, at in zip(self._laid, self._tops, strict=True):
            context.move_to(-left, at - top)
            red, green, blue = (value / 255 for value in one.text.colour)
            context.set_source_rgb(red, green, blue)
            pangocairocffi.show_layout(context, one.layout)
        surface.flush()
        pixels = bytes(surface.get_data())
        if len(pixels) != (right - left) * (bottom - top) * BYTES_PER_PIXEL:
            raise RuntimeError("cairo padded the rows of an ARGB32 surface, which it never does")
        return Bitmap(room.x + left, room.y + top, right - left, bottom - top, pixels)
