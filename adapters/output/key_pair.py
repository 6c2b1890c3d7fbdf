"""Where a certificate and its key go: two private files that are there together or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from adapters.output.private_file import PrivateFile, explain_unwritable, name_hidden
from adapters.process.interruption import deciding
from domain.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


class KeyPairFiles:
    """A `PairSink` (see `domain.enroll.ports`): files of mode 0600.

    Attributes:
        certificate, key: The files.
        replace: Whether files that are there already are replaced.
    """

    def __init__(self, certificate: str, key: str, replace: bool = False) -> None:
        self.certificate = certificate
        self.key = key
        self.replace = replace

    def check(self) -> None:
        for path in (self.certificate, self.key):
            if not self.replace and os.path.lexists(path):
                raise OutputError(f"{path} exists", "add --force to replace it")

    def deliver(self, certificates: bytes, key: bytes) -> None:
        with (
            deciding(),
            self._prepare(self.key, key) as key_file,
            self._prepare(self.certificate, certificates) as certificate_file,
        ):
            self._name(key_file, self.key)
            try:
                self._name(certificate_file, self.certificate)
            except OutputError:
                if not self.replace:
                    with suppress(OSError):
                        os.unlink(self.key)
                raise

    @contextmanager
    def _prepare(self, path: str, data: bytes) -> Iterator[PrivateFile]:
        """Give the whole file, without a name yet."""
        try:
            with PrivateFile(name_hidden(os.path.dirname(path))) as file:
                file.write(data, is_durable=True)
                yield file
        except (OSError, ValueError) as error:
            raise explain_unwritable(path, error) from error

    def _name(self, file: PrivateFile, path: str) -> None:
        try:
            if self.replace:
                file.replace(path)
            else:
                file.link(path)
        except FileExistsError as error:
            raise OutputError(f"{path} exists", "add --force to replace it") from error
        except OSError as error:
            raise explain_unwritable(path, error) from error
