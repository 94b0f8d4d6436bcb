"""Destinations as people write them: any text in, one server address and one key out."""
