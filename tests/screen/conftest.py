"""The Pango binding leaves its own files open while it is imported; that is not ours to fail on."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)
    import pangocairocffi  # noqa: F401
