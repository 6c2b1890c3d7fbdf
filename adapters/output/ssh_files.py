"""Where an SSH key, its public half and its certificate go: files that are there together or not at all."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from adapters.output.private_file import PrivateFile, explain_unwritable, name_hidden
from adapters.process.interruption import deciding
from domain.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.enroll.ssh_ports import NewFile


class SshFiles:
    """A `FileGroup` (see `domain.enroll.ssh_ports`).

    Attributes:
        replace: Whether files that are there already are replaced.
    """

    def __init__(self, *, replace: bool = False) -> None:
        self.replace = replace

    def check(self, paths: Sequence[str]) -> None:
        for path in paths:
            if not self.replace and os.path.lexists(path):
                raise OutputError(f"{path} exists", "add --force to replace it")
            folder = os.path.dirname(path) or "."
            if not os.access(folder, os.W_OK | os.X_OK):
                reason = "no permission" if os.path.isdir(folder) else "no such folder"
                raise OutputError(f"{path} cannot be written: {reason}", "check the folder")

    def deliver(self, files: Sequence[NewFile]) -> None:
        named: list[str] = []
        with deciding(), ExitStack() as stack:
            whole = [stack.enter_context(_prepare(file)) for file in files]
            try:
                for file, written in zip(files, whole, strict=True):
                    self._name(written, file.path)
                    named.append(file.path)
            except OutputError:
                if not self.replace:
                    for path in named:
                        with suppress(OSError):
                            os.unlink(path)
                raise

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


@contextmanager
def _prepare(file: NewFile) -> Iterator[PrivateFile]:
    """Give the whole file, without a name yet."""
    try:
        with PrivateFile(name_hidden(os.path.dirname(file.path)), mode=file.mode) as written:
            written.write(file.data, is_durable=True)
            yield written
    except (OSError, ValueError) as error:
        raise explain_unwritable(file.path, error) from error
