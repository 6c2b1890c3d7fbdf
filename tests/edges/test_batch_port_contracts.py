"""One contract for each port of `batch`, kept by its real adapter and by the one in memory."""

import io
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from adapters.batch.line_source import LineSource
from adapters.batch.progress import ProgressBar
from adapters.batch.worker_pool import WorkerPool
from adapters.output.batch_rows import RowWriter
from domain.batch.portion import Goods, Lines, LooseEnd, Portion
from domain.batch.ports import BatchSink, LineReader, Progress, Workforce
from domain.errors import InputError, OutputError, UsageError
from tests.support.memory_ports import MemoryLines, MemoryRows, MemoryWorkforce, RecordedProgress

TEXTS = [b"a", b"", b"# b", b"c"]


@pytest.fixture(params=["file", "memory"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> LineReader:
    """The lines above."""
    if request.param == "memory":
        return MemoryLines(TEXTS)
    (tmp_path / "lines").write_bytes(b"\n".join([*TEXTS, b""]))
    return LineSource(str(tmp_path / "lines"), longest=99, at_once=3)


@pytest.mark.parametrize("begin", [1, 2, 4, 5])
def test_lines_are_given_from_a_number_on(reader: LineReader, begin: int) -> None:
    """Each has its number in the whole list, whatever is left out."""
    assert reader.count() == len(TEXTS)
    pieces = [piece for piece in reader.read(begin) if piece is not None]
    numbered = {piece.first + index: text for piece in pieces for index, text in enumerate(piece.texts)}
    assert numbered == dict(list(enumerate(TEXTS, 1))[begin - 1 :])


def test_a_beginning_past_the_end_is_refused(reader: LineReader) -> None:
    """It is then another list."""
    with pytest.raises(UsageError):
        list(reader.read(6))


@pytest.fixture(params=["descriptor", "memory"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BatchSink]:
    """Where rows go."""
    if request.param == "memory":
        yield MemoryRows()
        return
    descriptor = os.open(tmp_path / "rows", os.O_WRONLY | os.O_CREAT)
    yield RowWriter(descriptor)
    os.close(descriptor)


def test_rows_are_counted_as_they_are_taken(sink: BatchSink) -> None:
    """Those of all goods, and nothing is left open of them."""
    ending, other = os.pipe()
    for count, goods in ((0, Goods([], [])), (3, Goods([b"a\nb\n", b"c\n"], [])), (4, Goods([b"d\n"], []))):
        sink.take(goods, ending)
        assert (sink.count(), sink.loose_end()) == (count, LooseEnd())
    sink.settle(os.getpid())
    assert sink.count() == 4
    os.close(ending)
    os.close(other)


@pytest.fixture(params=["processes", "memory"])
def workforce(request: pytest.FixtureRequest, threads_are_no_matter: None) -> Workforce:
    """Who works."""
    return MemoryWorkforce() if request.param == "memory" else WorkerPool(2, nullcontext, is_apart=False)


SHARED = pytest.mark.parametrize("sink", ["descriptor"], indirect=True)
"""Rows that processes share, as those in memory are not."""


class RowWork:
    """Makes a row of each line."""

    def __init__(self) -> None:
        self.noted: list[int] = []

    def make(self, lines: Lines) -> tuple[Portion, Goods]:
        """Make them."""
        if b"broken" in lines.texts:
            raise OutputError("it is broken")
        numbers = range(lines.first, lines.first + len(lines.texts))
        rows = [b"%b\n" % text for text in lines.texts]
        return Portion(lines.first, len(lines.texts), list(numbers), []), Goods(rows, [])

    def note(self, portion: Portion) -> None:
        """Keep its numbers."""
        self.noted.extend(portion.numbers)


@SHARED
def test_work_is_handed_over_and_noted_in_order(workforce: Workforce, sink: BatchSink) -> None:
    """Each piece gives what was made of it, also behind a pause."""
    work = RowWork()
    pieces = [Lines(1, [b"a", b"b"]), None, Lines(3, [b"c"]), Lines(4, [b"d"])]
    workforce.run(work, sink, pieces)
    assert work.noted == [1, 2, 3, 4] and sink.count() == 4


@SHARED
@pytest.mark.parametrize("is_input", [True, False])
def test_an_error_comes_after_what_was_before_it(workforce: Workforce, sink: BatchSink, is_input: bool) -> None:
    """Of a piece, or of the pieces themselves."""

    def pieces() -> Iterator[Lines]:
        yield Lines(1, [b"a"])
        if is_input:
            raise InputError("it is broken")
        yield Lines(2, [b"broken"])

    work = RowWork()
    with pytest.raises(InputError if is_input else OutputError, match="it is broken"):
        workforce.run(work, sink, pieces())
    assert work.noted == [1] and sink.count() == 1


@pytest.mark.parametrize("progress", [ProgressBar(io.StringIO()), RecordedProgress()], ids=["stream", "memory"])
def test_what_is_said_is_told(progress: Progress) -> None:
    """Beside the progress, a line each."""
    with progress.watching(lambda: 3, 0):
        progress.advance(2)
        progress.say("one")
    progress.say("two")
    told = progress.texts if isinstance(progress, RecordedProgress) else progress.stream.getvalue().splitlines()  # type: ignore[attr-defined]
    assert told == ["one", "two"]
