"""What work takes of the processor's time, whatever else the machine does meanwhile."""

from collections.abc import Callable
from time import process_time

ROUNDS = range(5)
"""In how many rounds a comparison may hold at last: a machine with other work to do is now slow, now fast."""


def spend(work: Callable[[], object]) -> float:
    """Return the seconds of the processor that some work takes."""
    begin = process_time()
    work()
    return process_time() - begin
