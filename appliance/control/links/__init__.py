"""The lines to the engine and the screen, and who watches what over them."""
