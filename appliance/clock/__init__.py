"""What tells time: the wall's clock that people read, the steady one, and ages that no set clock changes."""
