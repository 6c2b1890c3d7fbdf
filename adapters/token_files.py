"""Where a token goes: standard output, or a file that is whole, private and never half there."""

import contextlib
import os
import sys

import attrs

from domain.errors import OutputError


@attrs.frozen
class StandardOutput:
    """The token and a newline on stdout, nothing else."""

    def deliver(self, token: str) -> None:
        """Write the token (see `domain.ports.TokenSink`)."""
        try:
            sys.stdout.write(f"{token}\n")
            sys.stdout.flush()
        except (OSError, ValueError, AttributeError) as error:
            raise OutputError(
                f"the token cannot be written to standard output: {getattr(error, 'strerror', None) or 'it is closed'}",
                "mint another one where there is room",
            ) from error


@attrs.frozen
class TokenFile:
    """A file of mode 0600 that appears whole or not at all; a symbolic link is replaced, never followed.

    Attributes:
        path: The file.
        replace: Whether a file that is there already is replaced.
    """

    path: str
    replace: bool = False

    def deliver(self, token: str) -> None:
        """Write the token, without a newline as step does (see `domain.ports.TokenSink`)."""
        temporary = f"{self.path}.{os.urandom(8).hex()}.tmp"
        try:
            try:
                self._write(temporary, token.encode("ascii"))
                if self.replace:
                    os.replace(temporary, self.path)
                else:
                    os.link(temporary, self.path, follow_symlinks=False)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
        except FileExistsError as error:
            raise OutputError(f"--output-file {self.path} exists", "add --force to replace it") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise OutputError(
                f"--output-file {self.path} cannot be written: {reason}", "check the folder and its free space"
            ) from error

    def _write(self, path: str, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
