"""Where a token goes: a file that is whole, private and never half there."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from domain.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    Deciding: TypeAlias = Callable[[], AbstractContextManager[None]]


class TokenFile:
    """A file of mode 0600 that appears whole or not at all; a symbolic link is replaced, never followed.

    Attributes:
        path: The file.
        replace: Whether a file that is there already is replaced.
        deciding: Holds back what would end the process while the file is written (`interruption.deciding`).
    """

    def __init__(
        self,
        path: str,
        replace: bool = False,
        deciding: Deciding = contextlib.nullcontext,
    ) -> None:
        self.path = path
        self.replace = replace
        self.deciding = deciding

    def check(self) -> None:
        """Refuse what is there, or a folder that is not or cannot be written (see `domain.ports.TokenSink`)."""
        with self._translated():
            self._check_target()
            if not self.replace and os.path.lexists(self.path):
                raise FileExistsError
            folder = os.path.dirname(self.path) or "."
            if not stat.S_ISDIR(os.stat(folder).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if not os.access(folder, os.W_OK | os.X_OK):
                is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
                raise OSError(0, os.strerror(errno.EROFS if is_read_only else errno.EACCES))

    def deliver(self, token: str) -> None:
        """Write the token, without a newline as step does (see `domain.ports.TokenSink`)."""
        with self.deciding(), self._translated():
            self._check_target()
            with write_nameless(os.path.dirname(self.path), token.encode("ascii"), is_durable=True) as file:
                if self.replace:
                    file.replace(self.path)
                else:
                    file.link(self.path)

    def _check_target(self) -> None:
        """Refuse what is neither a regular file nor a link to one, which --force would put a file in the place of."""
        try:
            mode = os.lstat(self.path).st_mode
            if stat.S_ISLNK(mode):
                mode = os.stat(self.path).st_mode
        except FileNotFoundError:  # or a link that leads nowhere
            return
        if not stat.S_ISREG(mode):
            raise OutputError(f"--output-file {self.path} is not a regular file", "name another file")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise OutputError(f"--output-file {self.path} exists", "add --force to replace it") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise OutputError(
                f"--output-file {self.path} cannot be written: {reason}", "check the folder and its free space"
            ) from error


@contextmanager
def write_nameless(folder: str, data: bytes, *, is_durable: bool) -> Iterator[NamelessFile]:
    """Write `data` into a file of mode 0600 that has no name yet; it is gone after the block unless it got one.

    Args:
        folder: Where it will be; empty for the current one.
        data: The whole content.
        is_durable: Whether it is to be on the disk before it gets a name.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, hidden = _open_nameless(folder or ".")
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # the umask may have taken away more
            file.write(data)
            file.flush()
            if is_durable:
                os.fsync(descriptor)
            yield NamelessFile(folder, descriptor, hidden)
    finally:
        if hidden is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hidden)


class NamelessFile:
    """A file that is complete but for its name.

    Where the system can do that (Linux, O_TMPFILE) it has none at all, so that nothing of it is left however the
    process ends; elsewhere a hidden one, which a caller who wants it gone must hold signals back for.
    """

    def __init__(self, folder: str, descriptor: int, hidden: str | None) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._hidden = hidden

    def link(self, path: str) -> None:
        """Give the file the name `path`, in its folder.

        Raises:
            FileExistsError: something has that name, if only a link that leads nowhere.
        """
        if self._hidden is None:
            # With a descriptor of a folder, which an absolute path has no use for, Python calls linkat, which follows.
            os.link(_name_descriptor(self._descriptor), path, src_dir_fd=self._descriptor, follow_symlinks=True)
        else:
            os.link(self._hidden, path, follow_symlinks=False)

    def replace(self, path: str) -> None:
        """Give the file the name `path`, in its folder, and take it from what had it.

        Linux names no nameless file by a name that is taken: for a moment it has a hidden one.
        """
        hidden = self._hidden or _make_hidden_name(self._folder)
        try:
            if self._hidden is None:
                self.link(hidden)
            os.replace(hidden, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hidden)
            raise


def _open_nameless(folder: str) -> tuple[int, str | None]:
    """Return a new file's descriptor, and its hidden name where it has to have one."""
    flags = os.O_WRONLY | os.O_CLOEXEC
    if hasattr(os, "O_TMPFILE"):
        with contextlib.suppress(OSError):  # the file system has no such thing; or what is wrong shows again below
            descriptor = os.open(folder, flags | os.O_TMPFILE, 0o600)
            if os.path.exists(_name_descriptor(descriptor)):  # or there is no /proc to name it by
                return descriptor, None
            os.close(descriptor)
    hidden = _make_hidden_name(folder)
    return os.open(hidden, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), hidden


def _name_descriptor(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _make_hidden_name(folder: str) -> str:
    return os.path.join(folder, f".step-ott-{os.urandom(8).hex()}")
