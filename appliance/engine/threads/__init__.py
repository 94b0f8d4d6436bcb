"""Threads that beat and stop when asked, the one-slot mailbox between two, and the watchdog over all."""
