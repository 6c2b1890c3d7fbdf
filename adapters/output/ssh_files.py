"""Where an SSH key, its public half and its certificate go: files that are there together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.output.files_together import NewFile, check_files, write_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ports import OutputFile


class SshFiles:
    """An `SshSink` (see `domain.enroll.ssh_ports`).

    Attributes:
        replace: Whether files that are there already are replaced.
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(self, *, replace: bool = False, is_last: bool = False) -> None:
        self.replace = replace
        self.is_last = is_last

    def check(self, paths: Sequence[str]) -> None:
        check_files(paths, replace=self.replace)

    def deliver(self, files: Sequence[OutputFile]) -> None:
        new = [NewFile(file.path, file.content, file.mode) for file in files]
        write_together(new, replace=self.replace, is_last=self.is_last)
