"""From captured sound to AAC on the media clock: rate, stretch, mix, levels."""
