"""What a batch says of how far it is, where what was printed is not whole or not known."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from domain.batch.options import read_batch_options
from domain.batch.portion import Goods, Lines, LooseEnd, Portion, RefusedLine
from domain.errors import OutputError
from entrypoints.use_cases.batch import BatchPorts, run_batch
from entrypoints.use_cases.mint_lines import LineMinter
from tests.support.token_requests import NOW


class DyingWorkforce:
    """Workers of which one has died at some lines."""

    def __init__(self, portion: Portion, fault: BaseException) -> None:
        self.portion = portion
        self.fault = fault

    def run(
        self,
        make: Callable[[Lines], tuple[Portion, Goods]],
        hand_over: Callable[[Goods, int], None],
        pieces: Iterable[Lines | None],
        note: Callable[[Portion], None],
        settle: Callable[[int], None],
    ) -> None:
        """Note the lines, and fail."""
        note(self.portion)
        raise self.fault


class DoubtfulSink:
    """Rows of which some are counted, and of others something is known."""

    def __init__(self, counted: int, loose: LooseEnd) -> None:
        self.counted = counted
        self.loose = loose

    def take(self, goods: Goods, ending: int) -> None:
        """Do nothing."""

    def count(self) -> int:
        """Return how many are counted."""
        return self.counted

    def loose_end(self) -> LooseEnd:
        """Return what is known of the others."""
        return self.loose

    def settle(self, process: int) -> None:
        """Do nothing."""


class QuietReader:
    """A list without lines."""

    def count(self) -> int:
        """Return that there are none."""
        return 0

    def read(self, begin: int) -> Iterator[Lines | None]:
        """Give none."""
        return iter(())


class Said:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    @contextmanager
    def watching(self, count: Callable[[], int | None], done: int) -> Iterator[None]:
        """Show nothing."""
        yield

    def advance(self, count: int) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Keep it."""
        self.texts.append(text)


PORTION = Portion(11, 9, [11, 12, 14, 15, 17, 18], [RefusedLine(13, "no"), RefusedLine(16, "no")], [19])
CASES = pytest.mark.parametrize(
    ("counted", "loose", "end"),
    [
        (0, LooseEnd(), "0 minted; continue with --resume-from 11"),
        (3, LooseEnd(), "3 minted, 1 refused; continue with --resume-from 15"),
        (6, LooseEnd(), "6 minted, 2 refused, 1 comment; continue with --resume-from 20"),
        (
            3,
            LooseEnd(is_cut=True),
            "3 minted, 1 refused; the row of line 15 was printed in part: drop it; continue with --resume-from 15",
        ),
        (
            3,
            LooseEnd(doubtful=2),
            "3 minted, 1 refused; the rows of lines 15 to 17 may have been printed too, whole or in part: look at "
            "the last whole row: continue with --resume-from 15 if none of them was, 18 if all were",
        ),
        (
            5,
            LooseEnd(doubtful=1),
            "5 minted, 2 refused; the row of line 18 may have been printed too, whole or in part: look at the last "
            "whole row: continue with --resume-from 18 if it was not, 19 if it was",
        ),
    ],
)


@CASES
@pytest.mark.parametrize("fault", [OutputError("a worker has died", "try again"), KeyboardInterrupt()], ids=repr)
def test_the_end_says_what_is_printed_and_where_to_go_on(
    counted: int, loose: LooseEnd, end: str, fault: BaseException
) -> None:
    """Counted rows are certain; of others it is said by their lines what may be, and no token is doubled in silence."""
    said = Said()
    ports = BatchPorts(
        reader=QuietReader(), workforce=DyingWorkforce(PORTION, fault), sink=DoubtfulSink(counted, loose), progress=said
    )
    minter: LineMinter = None  # type: ignore[assignment]  # nothing is minted
    with pytest.raises(type(fault)) as raised:
        run_batch(read_batch_options("-", {}, NOW), minter, ports)
    if isinstance(raised.value, OutputError):
        assert str(raised.value) == f"a worker has died; {end}: try again"
    else:
        assert said.texts[-1] == end
