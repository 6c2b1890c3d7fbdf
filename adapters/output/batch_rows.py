"""Rows of a batch on a descriptor, written by one process after the other, any of which may be killed meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
import time
from mmap import mmap

from adapters.output.streams import ATOMIC_BYTES, await_room
from adapters.output.write_meter import UNKNOWN, OwnMeter, read_ended
from domain.batch.portion import Goods, LooseEnd
from domain.errors import OutputError, explain_unwritten

PATIENCE_SECONDS = 2.0
"""How long a row that a killed process has begun waits for room to be finished."""

_COUNT = 0
"""Word of the memory that processes share: how many rows have been written, all counted at once by one store."""

_WRITER, _BEFORE, _BEGIN, _METER, _LENGTH, _ROWS = range(1, 7)
"""Words that announce a write: by which process, the count and a file's position before it, what the process had
written until then by the kernel's count, and how many bytes and rows it is of."""

_DOUBTFUL, _IS_CUT = 7, 8
"""Words that tell of a `LooseEnd`."""


class RowWriter:
    """A `BatchSink` (see `domain.batch.ports`) that prints, and whose count holds even where a process is killed at it.

    Processes that are forked from the one where it was made share it: what each has written, the others know. A write
    is announced before it begins, and counted when it is done. In between, a kill leaves it open whether the rows are
    there, and the kernel tells (see `write_meter`).

    Attributes:
        descriptor: Of a file, a pipe or a terminal.
        is_file: Whether it is a regular file.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        mode = os.fstat(descriptor).st_mode
        self.is_file = stat.S_ISREG(mode)
        self._is_pipe = stat.S_ISFIFO(mode)
        self._appends = self.is_file and bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)
        self._shared = memoryview(mmap(-1, 128)).cast("Q")
        self._copy = os.memfd_create("rows") if hasattr(os, "memfd_create") and not self.is_file else None
        self._meter = OwnMeter()

    def check_end(self) -> None:
        """Look that a file to append to does not end in the middle of a row, as one may after a power cut.

        Raises:
            OutputError: it does.
        """
        with contextlib.suppress(OSError):  # it may not be for reading, or there is no /proc
            if self._appends and (end := self._find_end()):
                with open(f"/proc/self/fd/{self.descriptor}", "rb", buffering=0) as file:
                    if os.pread(file.fileno(), 1, end - 1) != b"\n":
                        raise OutputError(
                            "standard output is a file that ends in the middle of a row",
                            "remove what follows its last newline: sed -i '$d' FILE",
                        )

    def count(self) -> int:
        return self._shared[_COUNT]

    def loose_end(self) -> LooseEnd:
        return LooseEnd(self._shared[_DOUBTFUL], bool(self._shared[_IS_CUT]))

    def take(self, goods: Goods, ending: int) -> None:
        for rows in goods.rows:
            begin = 0
            while begin < len(rows):
                if not self.await_room(ending):
                    return
                end = len(rows) if self.is_file else self._find_last(rows, begin)
                self.write(rows[begin:end])
                begin = end

    def _find_last(self, rows: bytes, begin: int) -> int:
        """Return the end of the last row that a pipe takes whole with those from `begin` on, at least of one."""
        return rows.rfind(b"\n", begin, begin + ATOMIC_BYTES) + 1 or rows.find(b"\n", begin) + 1

    def await_room(self, ending: int) -> bool:
        """Wait until something can be written, which a file never has one do; return False if nobody wants it."""
        poll = select.poll()  # a select takes no descriptor over 1023
        poll.register(self.descriptor, select.POLLOUT)
        poll.register(ending, select.POLLIN)
        return all(descriptor != ending for descriptor, _ in poll.poll())

    def write(self, rows: bytes) -> None:
        """Write all of `rows`, for which there is room to begin with, and count them.

        Raises:
            OutputError: there is no room, or nobody to read; what was begun is taken back where it can be.
        """
        waiting = memoryview(rows)
        self._announce(rows)
        try:
            while waiting:
                waiting = waiting[self._write_some(waiting) :]
        except OSError as error:
            self._settle(len(rows) - len(waiting), patience=0)
            self._shared[_WRITER] = 0
            raise explain_unwritten("standard output", error, "go on") from error
        self._shared[_COUNT] += self._shared[_ROWS]

    def _write_some(self, waiting: memoryview) -> int:
        """Write what there is room for, and return how many bytes those were."""
        try:
            written = os.write(self.descriptor, waiting)
        except BlockingIOError:  # it may not block, and somebody else has taken the room
            written = 0
        if written < len(waiting) and not self.is_file:
            await_room(self.descriptor)
        return written

    def _announce(self, rows: bytes) -> None:
        """Tell what is about to be written, by whom and behind what."""
        shared = self._shared
        shared[_WRITER] = 0
        if self._copy is not None and not self._is_atomic(len(rows)):
            os.pwrite(self._copy, rows, 0)
        if self.is_file:
            shared[_BEGIN] = self._find_end()
        shared[_BEFORE], shared[_LENGTH], shared[_ROWS] = shared[_COUNT], len(rows), rows.count(b"\n")
        process = os.getpid()
        shared[_METER] = self._meter.read(process)
        shared[_WRITER] = process

    def _is_atomic(self, length: int) -> bool:
        return self._is_pipe and length <= ATOMIC_BYTES

    def _find_end(self) -> int:
        """Return the position where the next row will stand."""
        return os.lseek(self.descriptor, 0, os.SEEK_END if self._appends else os.SEEK_CUR)

    def settle(self, process: int) -> None:
        """Find out what has become of the write that an ended process was at: no row is left cut or uncounted.

        What was written of it into a file is cut off again, unless somebody else has written behind it; a row that was
        begun elsewhere is finished. What can be neither told nor finished is the `loose_end`.

        Args:
            process: A child of this process that is not waited for yet: it can still be asked about.
        """
        shared = self._shared
        if shared[_WRITER] == process and shared[_COUNT] == shared[_BEFORE]:
            self._settle(self._find_written(process), PATIENCE_SECONDS)
        if shared[_WRITER] == process:
            shared[_WRITER] = 0

    def _find_written(self, process: int) -> int | None:
        """Return how many bytes of the announced write an ended process has written, None where that is not known."""
        before, after = self._shared[_METER], read_ended(process)
        if UNKNOWN in (before, after):
            return None
        written, length = after - before, self._shared[_LENGTH]
        return written if written in (0, length) or (0 < written < length and not self._is_atomic(length)) else None

    def _settle(self, written: int | None, patience: float) -> None:
        """Come to terms with a write of which so many bytes were written: count what is whole of it."""
        shared = self._shared
        if written == 0 or (self.is_file and self._take_back(written)):
            return
        if written == shared[_LENGTH]:
            shared[_COUNT] += shared[_ROWS]
        elif written is None or self._copy is None:
            shared[_DOUBTFUL] = shared[_ROWS]
        else:
            self._finish(os.pread(self._copy, shared[_LENGTH], 0), written, time.monotonic() + patience)

    def _take_back(self, written: int | None) -> bool:
        """Cut what was written of an announced write off a file; return whether nothing of it is left.

        Somebody else may have written before or behind it: then it stays.
        """
        begin = self._shared[_BEGIN]
        try:
            end = os.lseek(self.descriptor, 0, os.SEEK_CUR)
            if written is None and end <= begin:
                return True
            if begin < end == os.fstat(self.descriptor).st_size and written in (None, end - begin):
                os.ftruncate(self.descriptor, os.lseek(self.descriptor, begin, os.SEEK_SET))
                return True
        except OSError:  # it may be a file that can only grow
            return False
        return False

    def _finish(self, rows: bytes, written: int, deadline: float) -> None:
        """Count the rows that were written whole, and write the rest of the one that was not."""
        whole = rows.rfind(b"\n", 0, written) + 1
        self._shared[_COUNT] += rows.count(b"\n", 0, whole)
        if whole < written:
            rest = memoryview(rows)[written : rows.find(b"\n", written) + 1]
            self._shared[_COUNT if self._write_rest(rest, deadline) else _IS_CUT] += 1

    def _write_rest(self, rest: memoryview, deadline: float) -> bool:
        """Write the rest of a row as there is room; return whether all of it was written in time."""
        try:
            while rest and await_room(self.descriptor, deadline - time.monotonic()):
                rest = rest[os.write(self.descriptor, rest[:ATOMIC_BYTES]) :]
        except OSError:
            return False
        return not rest
