"""The built-in test console and facecam, painted and played by us, so that everything works before a cable is in."""
