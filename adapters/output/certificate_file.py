"""Where a certificate goes whose key is somewhere already: a file that is whole, or as it was."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.output.private_file import PrivateFile, check_place, check_target, explain_unwritable, name_hidden
from adapters.process.interruption import deciding
from domain.errors import OutputError


class CertificateFile:
    """A `CertificateSink` (see `domain.enroll.ports`).

    A new file has mode 0600, as step's; one that replaces another has that one's mode and, where it may, its owner.

    Attributes:
        path: The file.
        replace: Whether a file that is there already is replaced.
    """

    def __init__(self, path: str, replace: bool = False) -> None:
        self.path = path
        self.replace = replace

    def check(self) -> None:
        with self._translated():
            check_place(self.path, self.path, replace=self.replace)

    def deliver(self, certificates: bytes) -> None:
        with deciding(), self._translated():
            check_target(self.path, self.path)
            with PrivateFile(name_hidden(os.path.dirname(self.path))) as file:
                file.write(certificates, is_durable=True)
                if self.replace:
                    file.take_after(self.path)
                    file.replace(self.path)
                else:
                    file.link(self.path)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise OutputError(f"{self.path} exists", "add --force to replace it") from error
        except (OSError, ValueError) as error:
            raise explain_unwritable(self.path, error) from error
