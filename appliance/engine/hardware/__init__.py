"""What hardware is really here: devices, formats and temperatures, as facts for control and the profiles."""
