"""Ports of `batch`: where lines come from, who works on them, and where tokens and progress go."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from domain.batch.portion import Goods, Lines, LooseEnd, Portion


class LineReader(Protocol):
    """Gives the lines of a batch."""

    def count(self) -> int | None:
        """Return how many there are, None where that shows only at the end.

        Raises:
            InputError: they cannot be read.
        """
        ...

    def read(self, begin: int) -> Iterator[Lines | None]:
        """Give the lines from number `begin` on, as they come, and None where the next may be long in coming.

        Raises:
            InputError: they cannot be read, or are not UTF-8.
            UsageError: there are fewer lines than are to be left out.
        """
        ...


class Identifiers(Protocol):
    """Gives what must never repeat, for many tokens at once."""

    def token_ids(self, count: int) -> Sequence[str]:
        """Return so many fresh `jti`s, each 64 lower-case hex characters, 256 random bits."""
        ...


class BatchSink(Protocol):
    """Where the tokens of a batch go, from whichever of its processes has its turn."""

    def take(self, goods: Goods, ending: int) -> None:
        """Hand over the tokens in their order, each whole, and count them.

        Args:
            goods: The tokens.
            ending: A descriptor; once it can be read no more tokens are wanted.

        Raises:
            OutputError: one could not be handed over; nothing of it is left.
        """
        ...

    def count(self) -> int:
        """Return how many tokens all processes together have handed over."""
        ...

    def loose_end(self) -> LooseEnd:
        """Return what is not known, or not whole, of the tokens behind those."""
        ...

    def settle(self, process: int) -> None:
        """Find out what has become of the token that a process was at, which has ended, and make it whole or none.

        Args:
            process: A child of this process that is not waited for yet.
        """
        ...


class Work(Protocol):
    """What is to be done with each piece of a batch."""

    def make(self, lines: Lines) -> tuple[Portion, Goods]:
        """Return what becomes of some lines, and their tokens; called in any process, for several at once."""
        ...

    def note(self, portion: Portion) -> None:
        """Take down what became of them.

        Called in the first process for each piece of which something may have been handed over, also where there is an
        error or an interrupt. No signal comes in between.
        """
        ...


class Workforce(Protocol):
    """Works on many things at once."""

    def run(self, work: Work, sink: BatchSink, pieces: Iterable[Lines | None]) -> None:
        """Make something of each piece, and hand that over in the order of the pieces.

        Args:
            work: What is made of them.
            sink: Takes that where it was made, one after the other; settles for each who has worked, when it has ended,
                perhaps killed at its work, and before the last is noted.
            pieces: Taken as those before are handed over; None says that the next may be long in coming, and all is
                handed over before it is waited for.

        Raises:
            OutputError: the work cannot be shared out, or one who works has died.
            StepOttError: what `work`, `sink` or `pieces` raised, after what was before it has been handed over.
            KeyboardInterrupt: somebody wants it to end.
        """
        ...


class Progress(Protocol):
    """Tells the user how far a long work is."""

    def watching(self, count: Callable[[], int | None], done: int) -> AbstractContextManager[None]:
        """Show the progress while the block runs.

        Args:
            count: Gives the number of all lines, None where that is not known; called where it is shown.
            done: How many of them were before.
        """
        ...

    def advance(self, count: int) -> None:
        """Say that so many more lines are done."""
        ...

    def say(self, text: str) -> None:
        """Tell something beside it."""
        ...
