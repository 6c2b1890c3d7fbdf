"""Where the tokens of a batch go: rows on a descriptor, or a file each in a folder."""

from __future__ import annotations

import contextlib
import os
import select
import stat
from itertools import chain, count
from typing import TYPE_CHECKING

from domain import json_text
from domain.errors import OutputError
from domain.token_file_name import SUFFIX, name_token_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from domain.batch_portion import MintedLine, Portion

ATOMIC_BYTES = 4096
"""The most that a pipe takes whole or not at all (POSIX, PIPE_BUF; on Linux)."""

FILE_BYTES = 1 << 16
"""The most that a file is given at once. A write that ends early for want of room is taken back; one that is cut by
SIGKILL, which Linux may do between two pages, leaves part of a row."""


class RowWriter:
    """Writes rows to a descriptor, each whole whenever the process ends, but for a file when that is by SIGKILL.

    Attributes:
        descriptor: Of a file, a pipe or a terminal.
        hold_back: Holds signals back while something is written and counted.
    """

    def __init__(self, descriptor: int, hold_back: Callable[[], AbstractContextManager[None]]) -> None:
        self.descriptor = descriptor
        self.hold_back = hold_back
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)

    def take(self, portion: Portion) -> Iterator[int]:
        """Write the rows of a portion, several at a time, and give their lines' numbers."""
        rows, begin, index, most = portion.rows, 0, 0, FILE_BYTES if self._is_file else ATOMIC_BYTES
        while begin < len(rows):
            end = rows.rfind(b"\n", begin, begin + most) + 1 or rows.find(b"\n", begin) + 1
            following = index + rows.count(b"\n", begin, end)
            self.await_room()
            with self.hold_back():  # until they are counted too
                self.write(rows[begin:end])
                yield from portion.numbers[index:following]
            begin, index = end, following

    def await_room(self) -> None:
        """Wait until something can be written, which a file never has one do; a signal ends that wait."""
        if not self._is_file:
            select.select([], [self.descriptor], [])

    def write(self, rows: bytes) -> None:
        """Write all of `rows`.

        Raises:
            OutputError: there is no room, or nobody to read; what was begun is taken back where it can be.
        """
        written = 0
        try:
            while written < len(rows):
                self.await_room()
                written += os.write(self.descriptor, rows[written:])
        except OSError as error:
            self._take_back(written)
            raise OutputError(
                f"standard output cannot be written: {error.strerror}", "go on where there is room"
            ) from error

    def _take_back(self, written: int) -> None:
        """Cut the last `written` bytes off a regular file, unless somebody else has written behind them."""
        with contextlib.suppress(OSError):
            status = os.fstat(self.descriptor)
            if written and stat.S_ISREG(status.st_mode):
                end = os.lseek(self.descriptor, 0, os.SEEK_CUR)
                if end == status.st_size:
                    os.ftruncate(self.descriptor, os.lseek(self.descriptor, end - written, os.SEEK_SET))


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

    def take(self, portion: Portion) -> Iterator[int]:
        """Write a file for each token of a portion, print its row, and give its line's number."""
        for minted in portion.tokens:
            self.rows.await_room()
            with self.rows.hold_back():
                self._deliver(minted)
                yield minted.number

    def _deliver(self, minted: MintedLine) -> None:
        """Write the file and its row, both or none."""
        try:
            name = self._write(minted)
        except OSError as error:
            raise self._fail(error) from error
        members = f'"line":{minted.number},"subject":{minted.subject},"file":{json_text.serialize(name)}'
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
