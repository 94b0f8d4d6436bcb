"""Side by side with ffmpeg and GStreamer: the same frames, the same preset, in turn in one run."""
