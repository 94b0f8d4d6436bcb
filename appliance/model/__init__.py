"""Frozen typed values that roles share and exchange. No I/O, no clock, no threads."""
