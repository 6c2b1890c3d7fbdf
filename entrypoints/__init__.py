"""The ways in: the command line, and the wiring of ports to adapters."""
