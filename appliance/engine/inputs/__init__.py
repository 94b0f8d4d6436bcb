"""Where pictures and sound come from: V4L2, ALSA and the test console. Each source runs on threads of its own."""
