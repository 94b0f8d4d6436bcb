"""The Pango binding opens two files while it is imported and never closes them, which Python tells at the very end."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)
    from pangocairocffi import ffi_build

for file in (ffi_build.c_definitions_cairo_file, ffi_build.c_definitions_pangocairo_file):
    file.close()
