"""The ways in: the command line, and the wiring of ports to adapters."""

__version__ = "0.2.0"
