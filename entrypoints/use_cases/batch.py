"""How a batch goes: lines in, tokens out, in order; a line that cannot be minted is reported and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

from domain.batch.line import is_comment
from domain.batch.portion import Goods, Lines, MintedLine, Portion, RefusedLine
from domain.batch.row import write_row
from domain.errors import InputError, StepOttError, UsageError
from domain.settings.print_form import NDJSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.batch.options import BatchOptions
    from domain.batch.ports import BatchSink, LineReader, Progress, Workforce
    from entrypoints.use_cases.mint_lines import LineMinter


@attrs.define
class Totals:
    """How far a batch is.

    Attributes:
        minted: How many tokens were handed over.
        refused: How many lines gave none.
        comments: How many lines were comments.
        next_line: Number of the line to go on with.
        doubtful: Numbers of lines from there on whose tokens may have been printed as well.
        is_cut: Whether the row of that line has been printed in part.
        done: What has become of those that were handed over.
    """

    next_line: int
    minted: int = 0
    refused: int = 0
    comments: int = 0
    doubtful: Sequence[int] = ()
    is_cut: bool = False
    done: str = "minted"

    def describe(self) -> str:
        """Return the numbers in words, those that are none left out but for the tokens'."""
        words = [f"{self.minted:,} {self.done}"]
        if self.refused:
            words.append(f"{self.refused:,} refused")
        if self.comments:
            words.append(f"{self.comments:,} comment{'s' if self.comments > 1 else ''}")
        return ", ".join(words)

    def describe_end(self) -> str:
        """Return the same of a batch that has ended early, and where to go on."""
        if self.doubtful:
            first, last = self.doubtful[0], self.doubtful[-1]
            rows, none, all_ = f"rows of lines {first} to {last}", "none of them was", "all were"
            if first == last:
                rows, none, all_ = f"row of line {first}", "it was not", "it was"
            return (
                f"{self.describe()}; the {rows} may have been printed too, whole or in part: look at the last whole "
                f"row: continue with --resume-from {first} if {none}, {last + 1} if {all_}"
            )
        cut = f"; the row of line {self.next_line} was printed in part: drop it" if self.is_cut else ""
        return f"{self.describe()}{cut}; continue with --resume-from {self.next_line}"


def run_batch(
    options: BatchOptions,
    minter: LineMinter,
    reader: LineReader,
    workforce: Workforce,
    sink: BatchSink,
    progress: Progress,
) -> Totals:
    """Mint for every line, and return what came of it.

    Raises:
        InputError: the lines cannot be read, or a signature by the key does not verify.
        OutputError: a token cannot be handed over.
        KeyboardInterrupt: somebody wants it to end.

        Each error says how many tokens were handed over, and where to go on; before an interrupt that has been told.
    """
    maker = _TokenMaker(minter, rows_form=options.form if options.output_dir is None else None)
    return _run(Totals(options.resume_from), maker, reader, workforce, sink, progress)


def run_certificates(
    resume_from: int,
    maker: LineMaker,
    reader: LineReader,
    workforce: Workforce,
    sink: BatchSink,
    progress: Progress,
) -> Totals:
    """Get a certificate for every line, and return what came of it; errors are as for `run_batch`."""
    return _run(Totals(resume_from, done="issued"), maker, reader, workforce, sink, progress)


def _run(
    totals: Totals, maker: LineMaker, reader: LineReader, workforce: Workforce, sink: BatchSink, progress: Progress
) -> Totals:
    work, begin = _LineWork(totals, maker, sink, progress), totals.next_line
    at_first = attrs.evolve(totals)
    try:
        with progress.watching(reader.count, begin - 1):
            workforce.run(work, sink, reader.read(begin))
    except StepOttError as error:
        if isinstance(error, InputError | UsageError) and totals == at_first:
            raise  # the list cannot be used at all
        raise type(error)(f"{error.what}; {totals.describe_end()}", error.fix) from error
    except KeyboardInterrupt:
        progress.say(totals.describe_end())
        raise
    progress.say(totals.describe())
    return totals


class LineMaker(Protocol):
    """Makes something of lines."""

    def make(self, lines: Lines) -> tuple[Portion, Goods]:
        """Return what becomes of some lines, and what they gave; called in any process or thread."""
        ...


class _TokenMaker:
    """Makes tokens of lines; `rows_form` is how they are printed, None where each gets a file."""

    def __init__(self, minter: LineMinter, rows_form: str | None) -> None:
        self._minter = minter
        self._rows_form = rows_form

    def make(self, lines: Lines) -> tuple[Portion, Goods]:
        numbers, refused, comments = list[int](), list[RefusedLine](), list[int]()
        rows, tokens, together = list[bytes](), list[MintedLine](), self._minter.lines_together
        for begin in range(0, len(lines.texts), together):
            first, texts = lines.first + begin, lines.texts[begin : begin + together]
            minted, without = self._minter.mint(first, texts)
            numbers += [one.number for one in minted]
            refused += without
            if len(minted) + len(without) < len(texts):
                comments += [number for number, text in enumerate(texts, first) if is_comment(text)]
            if self._rows_form is None:
                tokens += minted
            else:
                rows.append(_print_rows(minted, self._rows_form))
        return Portion(lines.first, len(lines.texts), numbers, refused, comments), Goods(rows, tokens)


class _LineWork:
    """Counts what is made of lines (see `domain.batch.ports.Work`)."""

    def __init__(self, totals: Totals, maker: LineMaker, sink: BatchSink, progress: Progress) -> None:
        self.totals = totals
        self._sink = sink
        self._progress = progress
        self.make = maker.make

    def note(self, portion: Portion) -> None:
        """Count the tokens of a portion that were handed over, and tell of the lines before the next that gave none."""
        totals, loose = self.totals, self._sink.loose_end()
        minted = self._sink.count() - totals.minted
        totals.doubtful = portion.numbers[minted : minted + loose.doubtful]
        totals.is_cut = loose.is_cut
        end = portion.numbers[minted] if minted < len(portion.numbers) else portion.first + portion.count
        for refusal in portion.refused:
            if refusal.number < end:
                self._progress.say(f"line {refusal.number}: {refusal.reason}")
                totals.refused += 1
        totals.comments += sum(number < end for number in portion.comments)
        totals.minted += minted
        totals.next_line = end
        self._progress.advance(end - portion.first)


def _print_rows(minted: Sequence[MintedLine], form: str) -> bytes:
    rows = map(write_row, minted) if form == NDJSON else [one.token for one in minted]
    return "\n".join([*rows, ""]).encode()
