"""Platforms as values: a file for each, which has all that the box knows and says of it."""
