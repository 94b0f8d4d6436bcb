"""The names that the box may come to have in the house, and those that its panel must answer to. Pure."""

from __future__ import annotations

from appliance.model.config import Config

MOST_NAMES = 9


def names_for(name: str) -> tuple[str, ...]:
    """The labels that a box may come to have when others have its name, the best first."""
    return (name, *(f"{name}-{number}" for number in range(2, MOST_NAMES + 1)))


def announced_names(config: Config) -> tuple[str, ...]:
    """The names that the panel must answer to."""
    return tuple(f"{name}.local" for name in names_for(config.mdns.name))
