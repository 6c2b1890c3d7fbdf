"""Time and randomness of this machine."""

import os
import time


class SystemClock:
    """The machine's clock (see `domain.ports.Clock`)."""

    def now(self) -> int:
        return time.time_ns()


class SystemRandomness:
    """The operating system's source of randomness (see `domain.ports.Randomness`, `domain.batch.ports.Identifiers`)."""

    def token_id(self) -> str:
        """Return 256 random bits as 64 lower-case hex characters."""
        return os.urandom(32).hex()

    def token_ids(self, count: int) -> list[str]:
        """Return `count` such identifiers, drawn at once, which takes a third of the time."""
        digits = os.urandom(32 * count).hex()
        return [digits[begin : begin + 64] for begin in range(0, len(digits), 64)]
