"""What the engine is asked to do once (checks, clips, exports, the uplink test), and the list of recordings."""
