"""The engine's sockets: where control states the Plan, and where the painter hands over bitmaps."""
