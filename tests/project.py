"""Where the project lies, for tests that look into its files; a configuration file in a place of its own."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def config(place: Path, text: str = "") -> str:
    """Writes a `box.toml` for a box whose directories are in `place`, with `text` at its end; returns its path."""
    file = place / "box.toml"
    file.write_text(f'state-dir = "{place}/state"\nrun-dir = "{place}/run"\n{text}')
    return str(file)
