"""At which temperatures a box is warm, and too hot: for the engine, which acts on it, and for the doctor. Constants."""

from __future__ import annotations

WARM_C, WARM_AGAIN_C = 75.0, 73.0
"""From the first on people are told; below the second no more."""
HOT_C, COOL_C = 80.0, 77.0
"""From the first on the picture is made simpler; below the second no more."""
