"""Platforms: how a pasted key becomes a destination, per service."""
