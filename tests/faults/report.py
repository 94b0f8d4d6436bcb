"""The table: a line a row for people at a terminal, and the same in docs/reliability.md."""

from __future__ import annotations

from pathlib import Path

from tests.faults.row import Outcome, Row
from tests.faults.table import ROWS

HEAD = (
    "| row | fault | injected how | clock | detected after | viewers back after | frames lost | sound lost "
    "| demanded | verdict |"
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def line(row: Row, outcome: Outcome) -> str:
    """One row for a terminal."""
    cells = (row.name, row.clock, *_figures(outcome), outcome.verdict, *outcome.notes)
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, (20, 7, 9, 9, 6, 8, 0, 0, 0, 0), strict=False))


def markdown(row: Row, outcome: Outcome) -> str:
    """One row of the document's table."""
    verdict = "; ".join((outcome.verdict, *outcome.notes))
    cells = (f"`{row.name}`", row.fault, row.how, row.clock, *_figures(outcome), row.demanded, verdict)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def write(document: Path, results: dict[str, tuple[Row, Outcome]]) -> None:
    """Replaces these rows in the document's table; the order is the matrix's, and rows that are no more go."""
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    kept = {_name(text): text for text in table.splitlines() if text.startswith("| `")}
    kept |= {name: markdown(row, outcome) for name, (row, outcome) in results.items()}
    rows = [kept[row.name] for row in ROWS if row.name in kept]
    lines = [BEGIN, HEAD, "|" + "---|" * (HEAD.count("|") - 1), *rows, END]
    document.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _name(text: str) -> str:
    return text.split("`")[1]


def _figures(outcome: Outcome) -> tuple[str, str, str, str]:
    return (
        _seconds(outcome.detected_s),
        _seconds(outcome.back_s),
        "-" if outcome.frames_lost is None else str(outcome.frames_lost),
        "-" if outcome.sound_lost_ms is None else f"{outcome.sound_lost_ms} ms",
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
