"""Lines of a file or of standard input, read as they come, a bounded number at a time."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.batch.worker import list_readable
from domain.batch.list_encoding import SAMPLE_BYTES, find_foreign_encoding
from domain.batch.portion import Lines
from domain.errors import InputError, UsageError, explain_unread, name_file

_BLOCK = 1 << 16
_MOST_KEPT = 1 << 16
"""The most bytes of lines that wait for others to go with."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _open_at_once(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


class LineSource:
    """A `LineReader` (see `domain.batch.ports`) of a file, which is opened at once and closed when it has been read.

    Args:
        path: The file; `-` is standard input.
        longest: The most bytes of a line that is given whole.
        at_once: How many lines are given at a time, fewer where they are long or no more are there.
        open_file: Opens a path for reading, and waits where it is a pipe.

    Attributes:
        descriptor: Of the open file.

    Raises:
        InputError: the file cannot be opened, is a folder, or is seen not to be UTF-8.
    """

    def __init__(
        self, path: str, *, longest: int, at_once: int, open_file: Callable[[str], int] = _open_at_once
    ) -> None:
        self.path = path
        self._shown = name_file(path)
        self.longest = longest
        self.at_once = at_once
        with self._reading():
            self.descriptor = sys.stdin.fileno() if path == "-" else open_file(path)
            if stat.S_ISDIR(os.fstat(self.descriptor).st_mode):
                raise IsADirectoryError(0, "Is a directory")
            if stat.S_ISREG(os.fstat(self.descriptor).st_mode):
                self._check_encoding(os.pread(self.descriptor, SAMPLE_BYTES, self._find_position()))

    def count(self) -> int | None:
        with self._reading():
            if not stat.S_ISREG(os.fstat(self.descriptor).st_mode):
                return None
            count, last, position = 0, b"\n", self._find_position()
            while block := os.pread(self.descriptor, 1 << 20, position):
                count, last, position = count + block.count(b"\n"), block[-1:], position + len(block)
            return count + (last != b"\n")

    def check_begin(self, begin: int) -> None:
        """Look that there is a line before number `begin`, where that shows without reading the lines.

        Raises:
            UsageError: there is none.
            InputError: the file cannot be read.
        """
        if begin > 1 and (count := self.count()) is not None:
            self._refuse_past_end(begin, count)

    def _refuse_past_end(self, begin: int, count: int) -> None:
        """Raise a UsageError where a batch is to begin further behind the last line than one that has done them all."""
        if begin > count + 1:
            lines = f"{count:,} line{'' if count == 1 else 's'}"
            raise UsageError(
                f"--resume-from {begin} is past the end: {self._shown} has {lines}", "go on after the last row's line"
            )

    def _find_position(self) -> int:
        return os.lseek(self.descriptor, 0, os.SEEK_CUR)

    def _check_encoding(self, head: bytes) -> None:
        """Raise an InputError where the list is seen not to be UTF-8 by its first bytes."""
        if (name := find_foreign_encoding(head)) is not None:
            files = "" if self.path == "-" else f" {shlex.quote(self.path)} > utf-8.txt"
            raise InputError(f"{self._shown} is {name}, not UTF-8", f"convert it: iconv -f {name} -t UTF-8{files}")

    def _judge(self, head: bytes, is_over: bool) -> bool:
        """Check the encoding as far as the head of the list shows it; return whether that is settled."""
        if is_over or b"\n" in head or len(head) >= SAMPLE_BYTES:
            self._check_encoding(head)
        return is_over or len(head) >= SAMPLE_BYTES or b"\n" in head.lstrip()  # blank lines may be of any encoding

    def read(self, begin: int = 1) -> Iterator[Lines | None]:
        try:
            number, held = 1, list[bytes]()
            for texts in self._list_lines():
                held += texts or ()
                skipped = min(max(begin - number, 0), len(held))
                end = len(held) - (self._count_kept(held[skipped:]) if texts else 0)
                for index in range(skipped, end, self.at_once):
                    yield Lines(number + index, held[index : index + self.at_once])
                number, held = number + end, held[end:]
                if texts is None:
                    yield None
            self._refuse_past_end(begin, number - 1)
        finally:
            if self.path != "-":
                os.close(self.descriptor)

    def _count_kept(self, texts: list[bytes]) -> int:
        """Return how many of the last lines go with those to come, which are there, so that a portion is a full one."""
        count = len(texts) % self.at_once
        return count if sum(map(len, texts[len(texts) - count :])) <= _MOST_KEPT else 0

    def _list_lines(self) -> Iterator[list[bytes] | None]:
        """Give lines as blocks are read, None before a block that is not there yet, and none at the end."""
        waiting, head, is_head, is_judged, is_over = b"", b"", True, False, False
        while not is_over:
            if not self._has_more():
                yield None
            with self._reading():
                block = os.read(self.descriptor, _BLOCK)
            data, is_over = waiting + block, not block
            if not is_judged:
                head += block  # from the very first byte, for of UTF-16 every other one is a NUL
                is_judged = self._judge(head, is_over)
            if is_head:
                is_head = data != _BYTE_ORDER_MARK and _BYTE_ORDER_MARK.startswith(data)
                data = data.removeprefix(_BYTE_ORDER_MARK)
            *texts, waiting = self._split(data, is_over)
            if texts:
                yield texts
        yield []

    def _has_more(self) -> bool:
        """Return whether a block can be read, if only the end, without waiting for it."""
        return bool(list_readable([self.descriptor], 0))

    def _split(self, data: bytes, is_over: bool) -> list[bytes]:
        """Return the lines in `data`, and at the end what there is of the next."""
        texts = data.split(b"\n")
        if is_over and texts[-1]:
            texts.append(b"")
        return [text if len(text) <= self.longest else text[: self.longest + 1] for text in texts]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, AttributeError) as error:
            raise explain_unread(self.path, error) from error
