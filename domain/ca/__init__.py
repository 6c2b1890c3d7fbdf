"""A certificate authority as it is known from outside: its address, the way there, its settings."""
