"""The evening's log: what viewers said and gave, each thing once, and a summary of each LIVE. Kept for some days."""
