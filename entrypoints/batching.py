"""How a batch goes: lines in, tokens out, in order; a line that cannot be minted is told and counted."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import attrs

from domain.batch_options import NDJSON
from domain.batch_portion import Lines, MintedLine, Portion, RefusedLine
from domain.errors import StepOttError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from domain.batch_options import BatchOptions
    from domain.ports import BatchSink, LineReader, Progress
    from entrypoints.line_minting import LineMinter


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BatchPorts:
    """Everything outside that a batch uses, beside what minting uses.

    Attributes:
        reader: Gives the lines.
        sink: Takes the tokens.
        progress: Tells how far it is.
        map_in_order: Has a function work on many things at once, given how many, and gives the results in order;
            None among the things says that the next may be long in coming.
    """

    reader: LineReader
    sink: BatchSink
    progress: Progress
    map_in_order: Callable[[Callable[[Lines], Portion], Iterable[Lines | None], int], Generator[Portion]]


@attrs.define
class Totals:
    """How far a batch is.

    Attributes:
        minted: How many tokens were handed over.
        refused: How many lines gave none.
        next_line: Number of the line to go on with.
    """

    next_line: int
    minted: int = 0
    refused: int = 0

    def describe(self) -> str:
        """Return the numbers in words."""
        return f"{self.minted:,} minted, {self.refused:,} refused" if self.refused else f"{self.minted:,} minted"


def run_batch(options: BatchOptions, minter: LineMinter, ports: BatchPorts, workers: int) -> Totals:
    """Mint for every line, and return what came of it.

    Raises:
        InputError: the lines cannot be read, or a signature by the key does not verify.
        OutputError: a token cannot be handed over.
        KeyboardInterrupt: somebody wants it to end.

        Each error says how many tokens were handed over, and where to go on; before an interrupt that has been told.
    """
    totals = Totals(options.resume_from)
    work = partial(mint_portion, minter, for_files=options.output_dir is not None, form=options.form)
    try:
        with (
            ports.progress.watching(ports.reader.count, options.resume_from - 1),
            closing(ports.map_in_order(work, ports.reader.read(options.resume_from), workers)) as portions,
        ):
            for portion in portions:
                _hand_over(portion, ports, totals)
    except StepOttError as error:
        raise type(error)(f"{error.what}; {_describe_end(totals)}", error.fix) from error
    except KeyboardInterrupt:
        ports.progress.say(_describe_end(totals))
        raise
    ports.progress.say(totals.describe())
    return totals


def mint_portion(minter: LineMinter, lines: Lines, *, for_files: bool, form: str) -> Portion:
    """Return what becomes of some lines; `form` is one of `domain.batch_options.FORMATS`."""
    write = MintedLine.row if form == NDJSON else _write_token
    numbers: list[int] = []
    rows: list[str] = []
    minted: list[MintedLine] = []
    refused: list[RefusedLine] = []
    for number, text in enumerate(lines.texts, lines.first):
        outcome = minter.mint(number, text)
        if isinstance(outcome, MintedLine):
            numbers.append(number)
            if for_files:
                minted.append(outcome)
            else:
                rows.append(write(outcome))
        elif outcome is not None:
            refused.append(outcome)
    printed = "\n".join([*rows, ""]).encode()
    return Portion(lines.first, len(lines.texts), numbers, printed, minted, refused)


def _write_token(minted: MintedLine) -> str:
    return minted.token


def _hand_over(portion: Portion, ports: BatchPorts, totals: Totals) -> None:
    """Hand over the tokens, and tell of the lines that gave none, in their order."""
    refused = list(reversed(portion.refused))
    for number in ports.sink.take(portion):
        if refused:
            _tell(refused, number, ports, totals)
        totals.minted += 1
        totals.next_line = number + 1
    end = portion.first + portion.count
    _tell(refused, end, ports, totals)
    totals.next_line = end
    ports.progress.advance(portion.count)


def _tell(refused: list[RefusedLine], end: int, ports: BatchPorts, totals: Totals) -> None:
    """Tell of the lines before number `end`, the last in the list first, and take them off it."""
    while refused and refused[-1].number < end:
        refusal = refused.pop()
        ports.progress.say(f"line {refusal.number}: {refusal.reason}")
        totals.refused += 1
        totals.next_line = refusal.number + 1


def _describe_end(totals: Totals) -> str:
    return f"{totals.describe()}; --resume-from {totals.next_line} goes on"
