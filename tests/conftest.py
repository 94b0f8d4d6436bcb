"""What all tests share: property tests without luck of the clock."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The machine's speed is no property of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)
settings.load_profile("house")
