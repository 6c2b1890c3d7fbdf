"""Whether this process belongs to the command line, and so ends when its command has ended."""

import os

_own: set[int] = set()


def take_over() -> None:
    """Make this process the command line's own."""
    _own.add(os.getpid())


def is_own() -> bool:
    """Return whether this process is the command line's own, and not that of a program that uses step-ott."""
    return os.getpid() in _own
