"""Recordings on the disk, for engine and control: the directory, what is in an MP4 file, the index in front of it."""
