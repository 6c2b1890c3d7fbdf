"""Where the tokens of a batch go: rows on a descriptor, or a file each in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
from itertools import chain, count
from mmap import mmap
from typing import TYPE_CHECKING

from domain import json_text
from domain.errors import OutputError
from domain.token_file_name import SUFFIX, name_token_file

if TYPE_CHECKING:
    from domain.batch_portion import Goods, MintedLine

ATOMIC_BYTES = 4096
"""The most that a pipe takes whole or not at all (POSIX, PIPE_BUF; on Linux)."""

_COUNT, _END = 0, 1


class RowWriter:
    """Writes rows to a descriptor, each whole unless the process that writes is killed at it.

    Processes that are forked from the one where it was made share it: what each has written, the others know.

    Attributes:
        descriptor: Of a file, a pipe or a terminal.
        is_file: Whether it is a regular file.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._appends = self.is_file and bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)
        # How many rows have been written, and in a file the position behind the last one.
        self._shared = memoryview(mmap(-1, 16)).cast("Q")
        self._note_end(0)

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
                            "drop what stands behind its last newline: sed -i '$d' FILE",
                        )

    def count(self) -> int:
        """Return how many rows all processes together have written."""
        return self._shared[_COUNT]

    def take(self, goods: Goods, ending: int) -> None:
        """Write the rows, several at a time, until `ending` can be read."""
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
        return self.is_file or ending not in select.select([ending], [self.descriptor], [])[0]

    def write(self, rows: bytes) -> None:
        """Write all of `rows`, for which there is room to begin with, and count them.

        Raises:
            OutputError: there is no room, or nobody to read; what was begun is taken back where it can be.
        """
        waiting = memoryview(rows)
        self._note_end(0)
        try:
            while waiting := waiting[os.write(self.descriptor, waiting) :]:
                if not self.is_file:
                    select.select([], [self.descriptor], [])  # it may not block
        except OSError as error:
            self.mend()
            raise OutputError(
                f"standard output cannot be written: {error.strerror}", "go on where there is room"
            ) from error
        self._note_end(rows.count(b"\n"))

    def _note_end(self, rows: int) -> None:
        """Note that so many more rows are written, and where in a file the next one will begin."""
        if self.is_file:
            self._shared[_END] = self._find_end()
        self._shared[_COUNT] += rows

    def _find_end(self) -> int:
        """Return the position where the next row will stand."""
        return os.lseek(self.descriptor, 0, os.SEEK_END if self._appends else os.SEEK_CUR)

    def mend(self) -> None:
        """Cut what stands behind the last row off a file, unless somebody else has written behind it."""
        if self.is_file:
            with contextlib.suppress(OSError):
                end, whole = os.lseek(self.descriptor, 0, os.SEEK_CUR), self._shared[_END]
                if whole < end == os.fstat(self.descriptor).st_size:
                    os.ftruncate(self.descriptor, os.lseek(self.descriptor, whole, os.SEEK_SET))


class TokenFolder:
    """A folder with a file of mode 0600 for each token; what is printed says which is whose.

    Attributes:
        path: The folder.
        rows: Prints.
    """

    def __init__(self, path: str, rows: RowWriter) -> None:
        self.path = path
        self.rows = rows

    def prepare(self, *, may_hold_files: bool) -> None:
        """Make the folder where there is none, mode 0700.

        Raises:
            OutputError: it cannot be made, or holds something and may not.
        """
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            if not may_hold_files and os.listdir(self.path):
                raise OutputError(
                    f"--output-dir {self.path} is not empty", "name another, or go on with a batch by --resume-from"
                )
        except OSError as error:
            raise self._fail(error) from error

    def count(self) -> int:
        """Return how many tokens all processes together have handed over."""
        return self.rows.count()

    def mend(self) -> None:
        """Take back the row that a killed process has begun."""
        self.rows.mend()

    def take(self, goods: Goods, ending: int) -> None:
        """Write a file for each token and print its row, until `ending` can be read."""
        for minted in goods.tokens:
            if not self.rows.await_room(ending):
                return
            self._deliver(minted)

    def _deliver(self, minted: MintedLine) -> None:
        """Write the file and its row, both or none."""
        try:
            name = self._write(minted)
        except OSError as error:
            raise self._fail(error) from error
        members = f'"line":{minted.number},"subject":{minted.subject},"file":{json_text.display(name)}'
        row = f'{{{members},"jti":"{minted.jti}","expires_at":"{minted.expires_at}"}}\n'
        try:
            self.rows.write(row.encode())
        except OutputError:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.path, name))
            raise

    def _write(self, minted: MintedLine) -> str:
        """Write the token under a name that nothing has yet, and return the name."""
        temporary = os.path.join(self.path, f".{minted.jti}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(minted.token.encode("ascii"))
            return self._name(temporary, minted)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)

    def _name(self, temporary: str, minted: MintedLine) -> str:
        """Give the file its name: the subject's, or where that is taken, with the line's number, and so on."""
        stem = name_token_file(str(json_text.parse(minted.subject))).removesuffix(SUFFIX)
        numbered = f"{stem}-{minted.number}"
        for free in chain((stem, numbered), (f"{numbered}-{again}" for again in count(2))):
            with contextlib.suppress(FileExistsError):
                os.link(temporary, os.path.join(self.path, f"{free}{SUFFIX}"), follow_symlinks=False)
                break
        return f"{free}{SUFFIX}"

    def _fail(self, error: OSError) -> OutputError:
        reason = error.strerror or "not a path"
        return OutputError(
            f"--output-dir {self.path} cannot be written: {reason}", "check the folder and its free space"
        )
