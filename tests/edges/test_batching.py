"""What a batch says of how far it is, where what was printed is not whole or not known."""

from collections.abc import Sequence
from typing import cast

import pytest

from domain.batch.options import read_batch_options
from domain.batch.portion import LooseEnd, MintedLine, RefusedLine
from domain.errors import OutputError
from domain.settings.setting import Origin, Setting
from entrypoints.use_cases.batch import run_batch
from entrypoints.use_cases.mint_lines import LineMinter
from tests.support.memory_ports import MemoryLines, MemoryRows, MemoryWorkforce, RecordedProgress
from tests.support.token_requests import NOW

FIRST = 11
LINES = [b"before"] * (FIRST - 1) + [b"a", b"a", b"refused", b"a", b"a", b"refused", b"a", b"a", b"# comment"]


class WordMinter:
    """Mints for the lines that are not what they say."""

    lines_together = 4

    def mint(self, first: int, lines: Sequence[bytes]) -> tuple[list[MintedLine], list[RefusedLine]]:
        """Return what they give."""
        minted = [MintedLine(n, '"a"', "a.b", "c", "d") for n, line in enumerate(lines, first) if line == b"a"]
        return minted, [RefusedLine(n, "no") for n, line in enumerate(lines, first) if line == b"refused"]


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
    said, rows = RecordedProgress(), MemoryRows(room=counted, loose=loose)
    workforce = MemoryWorkforce(fault)
    options = read_batch_options("-", {"resume-from": Setting(str(FIRST), Origin.FLAG, "--resume-from")}, NOW)
    with pytest.raises(type(fault)) as raised:
        run_batch(options, cast("LineMinter", WordMinter()), MemoryLines(LINES), workforce, rows, said)
    assert len(rows.rows) == counted
    if isinstance(raised.value, OutputError):
        assert str(raised.value) == f"a worker has died; {end}: try again"
    else:
        assert said.texts[-1] == end
