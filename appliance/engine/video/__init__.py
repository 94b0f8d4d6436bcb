"""From captured frames to a canvas for every tick: the clock, the slot, the picture thread, signal or slate."""
