"""What people are told when something is wrong, in every language."""
