"""Judgements from what is known: health, the doctor's checks, what is left out, the State as shown. Pure."""
