"""V4L2 itself: calls on a node, buffers, formats, DV timings, EDID, and why a device gives no picture."""
