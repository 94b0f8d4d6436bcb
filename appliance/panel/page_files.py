"""The files that the page is made of, as browsers get them: without the comments, which are a tenth of the scripts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
# Only comments that have their lines to themselves: one that stands within a line may be part of a string.
_COMMENTS = re.compile(rb"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)


@cache
def page_files() -> dict[str, str]:
    """Every address that the page is made of, with its type: open to all, for it holds no secret."""
    files = (file.relative_to(STATIC) for file in sorted(STATIC.rglob("*")) if file.suffix in _TYPES)
    return {f"/static/{file.as_posix()}": _TYPES[file.suffix] for file in files}


@cache
def page_file(name: str) -> bytes:
    """What is sent for the file of that name in `static`. Raises OSError."""
    file = STATIC / name
    body = file.read_bytes()
    return _COMMENTS.sub(b"", body) if file.suffix in {".css", ".js"} else body
