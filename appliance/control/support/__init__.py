"""For whoever helps: logs, the support bundle, counters, and taking secrets out of text."""
