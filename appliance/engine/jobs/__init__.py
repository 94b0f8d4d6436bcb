"""What control asks for once, each on a thread of its own: uplink test, clips, exports."""
