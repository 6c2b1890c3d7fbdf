"""A file for its owner alone, whole before it has a name: however the process ends, nobody finds a part of it."""

from __future__ import annotations

import contextlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from domain.errors import OutputError
from domain.formats.file_mode import OWNER_ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def write_private(
    data: bytes, hidden: str, *, dir_fd: int | None = None, is_durable: bool = False
) -> Iterator[PrivateFile]:
    """Write `data` into a file of mode 0600 that has no name yet; it is gone after the block unless it got one.

    Where the system can do that (Linux, O_TMPFILE) it has none at all, so that nothing of it is left however the
    process ends; elsewhere it has a hidden one, which a caller who wants it gone must hold signals back for.

    Args:
        data: The whole content.
        hidden: A path in the folder where the file will be, of a name that nothing has (see `name_hidden`).
        dir_fd: Of the folder that paths are relative to; None for the current one.
        is_durable: Whether it is to be on the disk before it gets a name.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, is_hidden = _open(hidden, dir_fd)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, OWNER_ALONE)  # the umask may have taken away more
            file.write(data)
            file.flush()
            if is_durable:
                os.fsync(descriptor)
            yield PrivateFile(descriptor, hidden, is_hidden, dir_fd)
    finally:
        if is_hidden:
            _remove(hidden, dir_fd)


class PrivateFile:
    """A file that is whole but for its name.

    Attributes:
        descriptor: Of the open file.
    """

    def __init__(self, descriptor: int, hidden: str, is_hidden: bool, dir_fd: int | None) -> None:
        self.descriptor = descriptor
        self._hidden = hidden
        self._is_hidden = is_hidden
        self._dir_fd = dir_fd

    def link(self, path: str) -> None:
        """Give the file the name `path`, in its folder.

        Raises:
            FileExistsError: something has that name, if only a link that leads nowhere.
        """
        here = self._dir_fd
        if self._is_hidden:
            os.link(self._hidden, path, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)
        else:
            # With a descriptor of a folder, which an absolute path has no use for, Python calls linkat, which follows.
            open_file = _name_descriptor(self.descriptor)
            os.link(open_file, path, src_dir_fd=self.descriptor, dst_dir_fd=here, follow_symlinks=True)

    def replace(self, path: str) -> None:
        """Give the file the name `path`, in its folder, and take it from what had it.

        Linux names no nameless file by a name that is taken: for a moment it has the hidden one.
        """
        try:
            if not self._is_hidden:
                self.link(self._hidden)
            os.replace(self._hidden, path, src_dir_fd=self._dir_fd, dst_dir_fd=self._dir_fd)
        except BaseException:
            _remove(self._hidden, self._dir_fd)
            raise


def name_hidden(folder: str = "") -> str:
    """Return a path in `folder`, empty for the current one, that nothing has."""
    return os.path.join(folder, f".step-ott-{os.urandom(8).hex()}")


def explain_unwritable(target: str, error: OSError | ValueError) -> OutputError:
    """Return the error for what cannot be written to `target`, the file or folder of an option."""
    reason = getattr(error, "strerror", None) or "not a path"
    return OutputError(f"{target} cannot be written: {reason}", "check the folder and its free space")


def _open(hidden: str, dir_fd: int | None) -> tuple[int, bool]:
    """Return a new file's descriptor, and whether it has to have its hidden name."""
    flags = os.O_WRONLY | os.O_CLOEXEC
    if hasattr(os, "O_TMPFILE"):
        with contextlib.suppress(OSError):  # the file system has no such thing; or what is wrong shows again below
            descriptor = os.open(os.path.dirname(hidden) or ".", flags | os.O_TMPFILE, OWNER_ALONE, dir_fd=dir_fd)
            if os.path.exists(_name_descriptor(descriptor)):  # or there is no /proc to name it by
                return descriptor, False
            os.close(descriptor)
    return os.open(hidden, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OWNER_ALONE, dir_fd=dir_fd), True


def _name_descriptor(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _remove(path: str, dir_fd: int | None) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path, dir_fd=dir_fd)
