"""Where a token goes: standard output, or a file that is whole, private and never half there."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator

from domain.errors import OutputError


class StandardOutput:
    """The token and a newline on stdout, nothing else."""

    def check(self) -> None:
        """Have nothing against it: whether it can be written shows when it is."""

    def deliver(self, token: str) -> None:
        """Write the token (see `domain.ports.TokenSink`)."""
        write_stdout(f"{token}\n")


def write_stdout(text: str) -> None:
    """Write `text` to standard output, all of it.

    Raises:
        OutputError: standard output is closed or full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:
        _discard_stdout()
        reason = getattr(error, "strerror", None) or "it is closed"
        raise OutputError(f"standard output cannot be written: {reason}", "run it again where there is room") from error


def _discard_stdout() -> None:
    """Let what is left in the buffer go nowhere, for Python would write it once more, and complain, at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


class TokenFile:
    """A file of mode 0600 that appears whole or not at all; a symbolic link is replaced, never followed.

    Attributes:
        path: The file.
        replace: Whether a file that is there already is replaced.
    """

    def __init__(self, path: str, replace: bool = False) -> None:
        self.path = path
        self.replace = replace

    def check(self) -> None:
        """Refuse what is there, or a folder that is not (see `domain.ports.TokenSink`)."""
        with self._telling():
            self._check_target()
            os.stat(os.path.dirname(self.path) or ".")
            if not self.replace and os.path.lexists(self.path):
                raise FileExistsError

    def deliver(self, token: str) -> None:
        """Write the token, without a newline as step does (see `domain.ports.TokenSink`)."""
        temporary = os.path.join(os.path.dirname(self.path), f".step-ott-{os.urandom(8).hex()}")
        with self._telling():
            self._check_target()
            try:
                self._write(temporary, token.encode("ascii"))
                if self.replace:
                    os.replace(temporary, self.path)
                else:
                    os.link(temporary, self.path, follow_symlinks=False)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what the system says within into words."""
        try:
            yield
        except FileExistsError as error:
            raise OutputError(f"--output-file {self.path} exists", "add --force to replace it") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise OutputError(
                f"--output-file {self.path} cannot be written: {reason}", "check the folder and its free space"
            ) from error

    def _check_target(self) -> None:
        """Refuse a folder or a device, which a rename would fail on or take the place of."""
        try:
            mode = os.lstat(self.path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise OutputError(f"--output-file {self.path} is no regular file", "name another file")

    def _write(self, path: str, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # the umask may have taken away more
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
