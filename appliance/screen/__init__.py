"""The screen role: everything painted. Today the words of the slate. No network, no devices, no media libraries."""
