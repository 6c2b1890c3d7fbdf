"""Where a token goes: a private file that is there complete or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.output.private_file import PrivateFile, explain_unwritable, name_hidden
from adapters.process.interruption import deciding
from domain.errors import OutputError


class TokenFile:
    """A `TokenSink`: a file of mode 0600, whole or not there at all; a symbolic link is replaced, never followed.

    Attributes:
        path: The file.
        replace: Whether a file that is there already is replaced.
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(self, path: str, replace: bool = False, *, is_last: bool = False) -> None:
        self.path = path
        self.replace = replace
        self.is_last = is_last

    def check(self) -> None:
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
        with deciding(is_last=self.is_last), self._translated():
            self._check_target()
            with PrivateFile(name_hidden(os.path.dirname(self.path))) as file:
                file.write(token.encode("ascii"), is_durable=True)
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
            raise explain_unwritable(f"--output-file {self.path}", error) from error
