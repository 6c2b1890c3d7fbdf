"""Hostile inputs for everything that reads what comes from outside: `make fuzz`, and a small share in `make test`."""
