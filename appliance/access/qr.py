"""QR codes: as SVG for a page, as text for a terminal or the journal. Pure; owns nothing."""

from __future__ import annotations

import io

import segno

LONGEST = 300
_BLACK_ON_WHITE, _PLAIN = "\x1b[30;107m", "\x1b[0m"


def qr_svg(text: str) -> str:
    """An SVG picture of the code, black on white so that it can be read on any ground; it has no size of its own."""
    file = io.BytesIO()
    _code(text).save(
        file, kind="svg", dark="#000", light="#fff", xmldecl=False, omitsize=True, svgclass=None, lineclass=None
    )
    return file.getvalue().decode().strip()


def qr_text(text: str, *, coloured: bool) -> str:
    """The code in half blocks, two rows a line.

    With `coloured` it is black on white by escape codes; without, light on dark, as most terminals and journals are.
    """
    rows = [[bool(dot) for dot in row] for row in _code(text).matrix_iter(border=4 if coloured else 2)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        # Without colours the light squares are what is drawn.
        signs = (_half(up is coloured, low is coloured) for up, low in zip(upper, lower, strict=True))
        line = "".join(signs)
        lines.append(f"{_BLACK_ON_WHITE}{line}{_PLAIN}" if coloured else line)
    return "\n".join(lines)


def _half(upper: bool, lower: bool) -> str:
    return {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}[upper, lower]


def _code(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="m", boost_error=False)
