"""Settings in layers: read, checked, listed for people, kept. Every role reads them; only control writes."""
