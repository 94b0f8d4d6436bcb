"""Plugcast: a game-console capture box. Four roles of one package: engine, control, screen, chat."""

__version__ = "0.1.0"
