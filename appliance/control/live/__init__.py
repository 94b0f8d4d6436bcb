"""The live: what is wished, with which key, where it stands, and the Plan that follows."""
