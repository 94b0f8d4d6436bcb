"""Who may come in: tokens, PIN, password, certificate; the guard before every request; the door before the guard."""
