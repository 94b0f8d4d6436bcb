"""Commands at the box itself that speak with control or in its place: doctor, reset, token."""
