"""A file for its owner alone, or with less care, whole before it has a name: nobody ever finds a part of it."""

import errno
import os
import stat
from contextlib import suppress
from functools import cache
from typing import Self

from domain.errors import OutputError
from domain.formats.file_mode import OWNER_ALONE

_OPEN_FILES = "/proc/self/fd"
"""Where Linux has a process's open files by their descriptors (proc_pid_fd(5))."""

_MOST_LINKS = 40
"""How many Linux follows (path_resolution(7))."""


class PrivateFile:
    """A file, of mode 0600 unless another is wanted, that is gone after the block unless it got a name.

    Where the system can do that (Linux, O_TMPFILE) it has none until then, so that nothing of it is left however the
    process ends; elsewhere it has a hidden one, which a caller who wants it gone must hold signals back for.

    Attributes:
        hidden: A path in the folder where the file is, of a name that nothing has (see `name_hidden`).
        dir_fd: Of the folder that paths are relative to; None for the current one.
        mode: Its permission bits; any but 0600 are less what the umask takes.
        descriptor: Of the file.
    """

    def __init__(self, hidden: str, dir_fd: int | None = None, mode: int = OWNER_ALONE) -> None:
        self.hidden = hidden
        self.dir_fd = dir_fd
        self.mode = mode

    def __enter__(self) -> Self:
        """Make the file, or raise OSError."""
        flags = os.O_WRONLY | os.O_CLOEXEC
        self._is_hidden = False
        if hasattr(os, "O_TMPFILE") and _can_name_open_files():
            folder = os.path.dirname(self.hidden) or "."
            try:
                self.descriptor = os.open(folder, flags | os.O_TMPFILE, self.mode, dir_fd=self.dir_fd)
            except OSError:
                pass  # the file system has no such thing; or what is wrong shows again below
            else:
                return self
        flags |= os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self.descriptor = os.open(self.hidden, flags, self.mode, dir_fd=self.dir_fd)
        self._is_hidden = True
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        if self._is_hidden:
            self.remove_hidden()

    def write(self, data: bytes, *, is_durable: bool = False) -> None:
        """Write the whole content.

        Args:
            data: The content.
            is_durable: Whether it is to be on the disk before the file gets a name.

        Raises:
            OSError: it cannot be written.
        """
        if self.mode == OWNER_ALONE:
            os.fchmod(self.descriptor, self.mode)  # the umask may have taken away more
        while data:
            data = data[os.write(self.descriptor, data) :]
        if is_durable:
            os.fsync(self.descriptor)

    def take_after(self, path: str) -> None:
        """Take the mode of the file `path`, where there is one, and its owner and group, where this process may.

        In another group than the old file's it is open to nobody whom the old one was closed to.

        Raises:
            OSError: it cannot take the mode.
        """
        try:
            old = os.stat(path, dir_fd=self.dir_fd)
        except FileNotFoundError:
            return
        try:
            os.fchown(self.descriptor, old.st_uid, old.st_gid)
        except OSError:  # only root gives files away, but their owner gives them to groups of his own
            with suppress(OSError):
                os.fchown(self.descriptor, -1, old.st_gid)
        mode = stat.S_IMODE(old.st_mode) & 0o777
        if os.fstat(self.descriptor).st_gid != old.st_gid:
            for_both = mode >> 3 & mode & 0o7  # what neither the old group nor all others were kept from
            mode = mode & 0o700 | for_both << 3 | for_both
        os.fchmod(self.descriptor, mode)

    def link(self, path: str) -> None:
        """Give the file the name `path`, in its folder.

        Raises:
            FileExistsError: something has that name, if only a link that leads nowhere.
            OSError: it cannot be named.
        """
        here = self.dir_fd
        if self._is_hidden:
            os.link(self.hidden, path, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)
        else:
            # With a descriptor of a folder, which an absolute path has no use for, Python calls linkat, which follows.
            own = self.descriptor
            os.link(f"{_OPEN_FILES}/{own}", path, src_dir_fd=own, dst_dir_fd=here, follow_symlinks=True)

    def replace(self, path: str) -> None:
        """Give the file the name `path`, in its folder, and take it from what had it.

        Linux names no nameless file by a name that is taken: for a moment it has the hidden one.

        Raises:
            OSError: it cannot be named.
        """
        try:
            if not self._is_hidden:
                self.link(self.hidden)
            os.replace(self.hidden, path, src_dir_fd=self.dir_fd, dst_dir_fd=self.dir_fd)
        except BaseException:
            self.remove_hidden()
            raise

    def remove_hidden(self) -> None:
        """Take the hidden name away, where there is one."""
        with suppress(OSError):
            os.unlink(self.hidden, dir_fd=self.dir_fd)


def name_hidden(folder: str = "") -> str:
    """Return a path in `folder`, empty for the current one, that nothing has."""
    return os.path.join(folder, f".step-ott-{os.urandom(8).hex()}")


def check_target(path: str, shown: str) -> None:
    """Refuse what is neither a regular file nor a link to one, which --force would put a file in the place of.

    A standard stream is none either, whatever it is redirected to: `/dev/stdout` is a link, which root may replace.

    Raises:
        OutputError: of what errors call `shown`.
        OSError: it cannot be seen.
    """
    _refuse_special(path, shown)
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            mode = os.stat(path).st_mode
    except FileNotFoundError:  # or a link that leads nowhere
        return
    if not stat.S_ISREG(mode):
        raise OutputError(f"{shown} is not a regular file", "name another file")


def _refuse_special(path: str, shown: str) -> None:
    """Refuse what is under /dev or /proc, /dev/shm apart, and a link that leads there."""
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(os.path.dirname(path))
        parts = folder.strip("/").split("/")[:2]
        if parts[0] in ("dev", "proc") and parts != ["dev", "shm"]:
            what = f"{shown} is not a regular file but a stream or a device of the system"
            raise OutputError(what, "name a file outside /dev and /proc")
        try:
            path = os.path.join(folder, os.readlink(path))
        except OSError:  # no link
            return


def check_place(path: str, shown: str, *, replace: bool) -> None:
    """Check that a file could get the name `path`, as far as can be seen before.

    Raises:
        FileExistsError: something has it, and is not to be replaced.
        OutputError: what has it, which errors call `shown`, is not a regular file.
        OSError: nothing can be written there.
    """
    check_target(path, shown)
    if not replace and os.path.lexists(path):
        raise FileExistsError
    folder = os.path.dirname(path) or "."
    if not stat.S_ISDIR(os.stat(folder).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(folder, os.W_OK | os.X_OK):
        is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
        raise OSError(0, os.strerror(errno.EROFS if is_read_only else errno.EACCES))


def explain_unwritable(target: str, error: OSError | ValueError) -> OutputError:
    """Return the error for what cannot be written to `target`, the file or folder of an option."""
    reason = getattr(error, "strerror", None) or "not a path"
    return OutputError(f"{target} cannot be written: {reason}", "check the folder and its free space")


@cache
def _can_name_open_files() -> bool:
    return os.path.exists(_OPEN_FILES)
