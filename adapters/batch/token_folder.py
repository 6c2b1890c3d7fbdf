"""A folder where each token of a batch gets a file of its own; what is printed says which is whose."""

from __future__ import annotations

import contextlib
import errno
import os
from itertools import chain, count
from mmap import mmap
from typing import TYPE_CHECKING, Protocol

from domain.batch.row import write_row
from domain.batch.token_file_name import SUFFIX, name_token_file
from domain.errors import OutputError
from domain.formats import json_text

if TYPE_CHECKING:
    from domain.batch.portion import Goods, LooseEnd, MintedLine

_WRITER, _BEFORE, _INODE, _LENGTH = range(4)
"""Words of the memory that processes share: whose file is about to get its name, how many rows were counted before,
the file's inode, and how long the name is."""

_NAME = 64
"""Where the name stands in it."""

_NOT_SUPPORTED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}
"""What systems and file systems say that know no files without a name."""


def _drop_dots(path: str) -> str:
    """Return `path` without `/` and `/.` at its end, which would lead through a symbolic link there."""
    while (shorter := path.rstrip("/").removesuffix("/.")) not in ("", path):
        path = shorter
    return path


class Rows(Protocol):
    """What prints the rows (see `adapters.batch.sinks.RowWriter`)."""

    def await_room(self, ending: int) -> bool:
        """Wait until a row can be printed; return False if nobody wants it."""
        ...

    def write(self, rows: bytes) -> None:
        """Print a row and count it, or raise OutputError and leave none."""
        ...

    def count(self) -> int:
        """Return how many are counted."""
        ...

    def settle(self, process: int) -> None:
        """Find out what has become of the row that an ended process was at."""
        ...

    def loose_end(self) -> LooseEnd:
        """Return what is not known, or not whole, of the rows behind those that are counted."""
        ...


class TokenFolder:
    """A folder with a file of mode 0600 for each token.

    A file has no name before it is complete, where the file system can do that, and else a temporary one; it gets its
    name before its row is printed. Whoever is killed in between leaves that to be settled by the others.

    Attributes:
        path: The folder. It is opened once: whatever takes its place later gets none of the files.
        rows: Prints.
    """

    def __init__(self, path: str, rows: Rows) -> None:
        self.path = _drop_dots(path)
        self.rows = rows
        self._folder = -1
        self._is_nameless = False
        self._temporary = f".step-ott-{os.urandom(8).hex()}"
        self._memory = mmap(-1, 1024)
        self._shared = memoryview(self._memory).cast("Q")

    def prepare(self, *, may_hold_files: bool) -> None:
        """Make the folder where there is none, mode 0700, and open it; the folder above it must be there.

        Raises:
            OutputError: it cannot be made, is a symbolic link, or holds something and may not.
        """
        try:
            if os.path.islink(self.path):
                leads = os.path.realpath(self.path)
                raise OutputError(f"--output-dir {self.path} is a symbolic link", f"name the folder itself: {leads}")
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.path, mode=0o700)
            self._folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            if not may_hold_files and os.listdir(self._folder):
                raise OutputError(
                    f"--output-dir {self.path} is not empty", "name another, or go on with a batch by --resume-from"
                )
            self._is_nameless = self._can_be_nameless()
        except (OSError, ValueError) as error:
            raise self._fail(error) from error

    def _can_be_nameless(self) -> bool:
        """Return whether a file can be without a name in the folder, and can be given one."""
        try:
            descriptor = self._open_nameless()
        except (OSError, AttributeError) as error:
            if getattr(error, "errno", errno.EINVAL) in _NOT_SUPPORTED:
                return False
            raise
        try:
            return os.path.exists(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)

    def _open_nameless(self) -> int:
        return os.open(".", os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600, dir_fd=self._folder)

    def count(self) -> int:
        """Return how many tokens all processes together have handed over."""
        return self.rows.count()

    def loose_end(self) -> LooseEnd:
        """Return what is not known of the rows behind those."""
        return self.rows.loose_end()

    def settle(self, process: int) -> None:
        """Find out what has become of the token that an ended process was at: it has both file and row, or neither."""
        self.rows.settle(process)
        if self._folder >= 0:
            self._unlink(self._name_temporary(process))
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
        try:
            self.rows.write(f"{write_row(minted, name)}\n".encode())
        except OutputError:
            self._unlink(name)
            raise
        finally:
            self._shared[_WRITER] = 0

    def _write(self, minted: MintedLine) -> str:
        """Write the token under a name that nothing has yet, and return the name."""
        temporary = self._name_temporary(os.getpid())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = (
            self._open_nameless() if self._is_nameless else os.open(temporary, flags, 0o600, dir_fd=self._folder)
        )
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)  # the umask may have taken away more
                file.write(minted.token.encode("ascii"))
                file.flush()
                self._shared[_INODE] = os.fstat(descriptor).st_ino
                return self._name(descriptor, minted)
        finally:
            if not self._is_nameless:
                self._unlink(temporary)

    def _name_temporary(self, process: int) -> str:
        return f"{self._temporary}-{process}"

    def _name(self, descriptor: int, minted: MintedLine) -> str:
        """Give the file its name: the subject's, or where that is taken, with the line's number, and so on."""
        stem = name_token_file(str(json_text.parse(minted.subject))).removesuffix(SUFFIX)
        numbered = f"{stem}-{minted.number}"
        for free in chain((stem, numbered), (f"{numbered}-{again}" for again in count(2))):
            name = f"{free}{SUFFIX}"
            self._announce(name)
            with contextlib.suppress(FileExistsError):
                self._link(descriptor, name)
                break
        return name

    def _announce(self, name: str) -> None:
        """Tell under which name the file is about to be."""
        data = name.encode()
        self._shared[_WRITER] = 0
        self._memory[_NAME : _NAME + len(data)] = data
        self._shared[_LENGTH], self._shared[_BEFORE] = len(data), self.rows.count()
        self._shared[_WRITER] = os.getpid()

    def _link(self, descriptor: int, name: str) -> None:
        if self._is_nameless:
            os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=self._folder, follow_symlinks=True)
        else:
            temporary = self._name_temporary(os.getpid())
            os.link(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=False)

    def _fail(self, error: OSError | ValueError) -> OutputError:
        reason = getattr(error, "strerror", None) or "not a path"
        return OutputError(
            f"--output-dir {self.path} cannot be written: {reason}", "check the folder and its free space"
        )
