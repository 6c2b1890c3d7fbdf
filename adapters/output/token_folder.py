"""A folder where each token of a batch gets a file of its own; what is printed says which is whose."""

import contextlib
import os
from itertools import chain, count
from mmap import mmap

from adapters.output.batch_folder import drop_dots, open_folder
from adapters.output.batch_rows import RowWriter
from adapters.output.private_file import PrivateFile, explain_unwritable, name_hidden
from domain.batch.portion import Goods, LooseEnd, MintedLine
from domain.batch.row import write_row
from domain.batch.token_file_name import SUFFIX, name_token_file
from domain.errors import OutputError
from domain.formats import json_text

_WRITER, _BEFORE, _INODE, _LENGTH = range(4)
"""Words of the memory that processes share: whose file is about to get its name, how many rows were counted before,
the file's inode, and how long the name is."""

_NAME = 64
"""Where the name stands in it."""


class TokenFolder:
    """A `BatchSink` (see `domain.batch.ports`): a folder with a file of mode 0600 for each token.

    A file has no name before it is complete, where the file system can do that, and else a temporary one; it gets its
    name before its row is printed. Whoever is killed in between leaves that to be settled by the others.

    Attributes:
        path: The folder. It is opened once: whatever takes its place later gets none of the files.
        rows: Prints.
    """

    def __init__(self, path: str, rows: RowWriter) -> None:
        self.path = drop_dots(path)
        self.rows = rows
        self._folder = -1
        self._hidden = name_hidden()
        self._memory = mmap(-1, 1024)
        self._shared = memoryview(self._memory).cast("Q")

    def prepare(self, *, may_hold_files: bool) -> None:
        """Make the folder where there is none, mode 0700, and open it; the folder above it must be there.

        Raises:
            OutputError: it cannot be made, is a symbolic link, or holds something and may not.
        """
        self._folder = open_folder("--output-dir", self.path, may_hold_files=may_hold_files)

    def count(self) -> int:
        return self.rows.count()

    def loose_end(self) -> LooseEnd:
        return self.rows.loose_end()

    def settle(self, process: int) -> None:
        """Find out what has become of the token that an ended process was at: it has both file and row, or neither."""
        self.rows.settle(process)
        if self._folder >= 0:
            self._unlink(self._name_hidden(process))
        if self._shared[_WRITER] == process:
            self._shared[_WRITER] = 0
            if self.rows.count() == self._shared[_BEFORE] and not self.rows.loose_end().doubtful:
                self._unlink_announced()

    def _unlink_announced(self) -> None:
        """Take away the file that was about to get its name, if it got it."""
        name = self._memory[_NAME : _NAME + self._shared[_LENGTH]].decode()
        with contextlib.suppress(OSError):
            if os.lstat(name, dir_fd=self._folder).st_ino == self._shared[_INODE]:
                self._unlink(name)

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._folder)

    def take(self, goods: Goods, ending: int) -> None:
        for minted in goods.tokens:
            if not self.rows.await_room(ending):
                return
            self._deliver(minted)

    def _deliver(self, minted: MintedLine) -> None:
        """Write the file and its row, both or none."""
        try:
            name = self._write(minted)
        except OSError as error:
            raise explain_unwritable(f"--output-dir {self.path}", error) from error
        try:
            self.rows.write(f"{write_row(minted, name)}\n".encode())
        except OutputError:
            self._unlink(name)
            raise
        finally:
            self._shared[_WRITER] = 0

    def _write(self, minted: MintedLine) -> str:
        """Write the token under a name that nothing has yet, and return the name."""
        with PrivateFile(self._name_hidden(os.getpid()), self._folder) as file:
            file.write(minted.token.encode("ascii"))
            self._shared[_INODE] = os.fstat(file.descriptor).st_ino
            return self._name(file, minted)

    def _name_hidden(self, process: int) -> str:
        return f"{self._hidden}-{process}"

    def _name(self, file: PrivateFile, minted: MintedLine) -> str:
        """Give the file its name: the subject's, or where that is taken, with the line's number, and so on."""
        stem = name_token_file(str(json_text.parse(minted.subject))).removesuffix(SUFFIX)
        numbered = f"{stem}-{minted.number}"
        for free in chain((stem, numbered), (f"{numbered}-{again}" for again in count(2))):
            name = f"{free}{SUFFIX}"
            self._announce(name)
            with contextlib.suppress(FileExistsError):
                file.link(name)
                break
        return name

    def _announce(self, name: str) -> None:
        """Tell under which name the file is about to be."""
        data = name.encode()
        self._shared[_WRITER] = 0
        self._memory[_NAME : _NAME + len(data)] = data
        self._shared[_LENGTH], self._shared[_BEFORE] = len(data), self.rows.count()
        self._shared[_WRITER] = os.getpid()
