"""Where a token goes: a private file that is there complete or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.output.private_file import PrivateFile, check_place, check_target, explain_unwritable, name_hidden
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
            check_place(self.path, self._shown, replace=self.replace)

    def deliver(self, token: str) -> None:
        """Write the token, without a newline as step does (see `domain.ports.TokenSink`)."""
        with deciding(is_last=self.is_last), self._translated():
            check_target(self.path, self._shown)
            with PrivateFile(name_hidden(os.path.dirname(self.path))) as file:
                file.write(token.encode("ascii"), is_durable=True)
                if self.replace:
                    file.replace(self.path)
                else:
                    file.link(self.path)

    @property
    def _shown(self) -> str:
        return f"--output-file {self.path}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise OutputError(f"{self._shown} exists", "add --force to replace it") from error
        except (OSError, ValueError) as error:
            raise explain_unwritable(self._shown, error) from error
