"""Putting inputs to a target, and what came of it."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter

import attrs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.target import Target, examine

HANG_SECONDS = 120
"""After so long with one input, where not even an alarm is answered, the process is ended, and says where it was."""

_NUMBERS = st.binary(min_size=8, max_size=8)


@attrs.define
class Tally:
    """What came of a target's inputs.

    Attributes:
        taken, refused: How many.
        seconds: For all of them, and making them.
    """

    taken: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many there were."""
        return self.taken + self.refused


def hunt(target: Target, count: int, start: int, note: Path | None = None) -> Tally:
    """Put `count` inputs to a target; the seed `start` makes the same ones each time.

    Args:
        target: What reads them.
        count: How many; fewer where there are no more.
        start: Hypothesis' seed.
        note: Where each input is written before it is read, for those that end the process.

    Raises:
        FoundError: an input does what none may.
    """
    tally = Tally()
    began = perf_counter()
    with target.open() as run:

        def put(numbers: bytes) -> None:
            value = target.inputs(Random(numbers))
            if note is not None:
                note.write_text(repr(value), "utf-8", "surrogateescape")
                faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            try:
                if examine(run, value, target.refusals):
                    tally.taken += 1
                else:
                    tally.refused += 1
            finally:
                if note is not None:
                    faulthandler.cancel_dump_traceback_later()

        _bound(put, count, start)()
    tally.seconds = perf_counter() - began
    return tally


def _bound(put: Callable[[bytes], None], count: int, start: int) -> Callable[[], None]:
    bounds = settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
    )  # fmt: skip
    return seed(start)(bounds(given(_NUMBERS)(put)))  # type: ignore[return-value]
