"""Canvases become H.264 packets and samples become AAC packets, at a fixed size and rate for a whole broadcast."""
