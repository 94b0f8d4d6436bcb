"""`plugcast run`: starts the roles as systemd would, restarts what dies. `plugcast adopt` readies a box for them."""
