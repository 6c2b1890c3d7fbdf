"""A certificate authority as it is known from outside: its address, the proxy to it, its settings."""
