"""Files that belong together, such as a root certificate and what is configured by it, some of which may be there."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from adapters.output.files_together import NewFile, write_together
from adapters.output.private_file import check_target, explain_unwritable
from adapters.process.interruption import deciding
from domain.errors import OutputError
from domain.formats.file_mode import FOLDER_OF_OWNER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from domain.ports import OutputFile


class FileGroup:
    """Writes files, and folders for them: all or none (see `domain.ports.OutputFiles`, and `files_together` for how).

    Attributes:
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(self, *, is_last: bool = False) -> None:
        self.is_last = is_last

    def list_taken(self, files: Sequence[OutputFile]) -> Sequence[str]:
        return [file.path for file in files if _is_taken(file)]

    def write(self, files: Sequence[OutputFile], replaced: Collection[str] = ()) -> None:
        taken = self.list_taken(files)
        for path in taken:
            if path not in replaced:
                raise OutputError(f"{path} exists", "add --force to replace it")
        wanted = [file for file in files if file.path in taken or not os.path.lexists(file.path)]
        with deciding(is_last=self.is_last), _folders_for(wanted):
            new = [NewFile(file.path, file.content, file.mode & _find_mode(file.path)) for file in wanted]
            write_together(new, replace=bool(taken))


@contextmanager
def _folders_for(files: Sequence[OutputFile]) -> Iterator[None]:
    """Make the folders that files are to have; they are gone again where the block fails."""
    made: list[str] = []
    try:
        for file in files:
            if file.makes_folder:
                with _translated(file.path):
                    _make_folders(os.path.dirname(file.path), made)
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):  # somebody has put something into it
                os.rmdir(folder)
        raise


def _make_folders(folder: str, made: list[str]) -> None:
    """Make a folder and those above it, each for its owner alone, where they are missing."""
    if folder and not os.path.isdir(folder):
        _make_folders(os.path.dirname(folder), made)
        with suppress(FileExistsError):  # somebody else was quicker; if it is not a folder, that shows where it is used
            os.mkdir(folder, FOLDER_OF_OWNER)
            made.append(folder)


def _find_mode(path: str) -> int:
    """Return the permission bits of the file that is there, all of them where there is none, or a link."""
    with suppress(OSError):
        seen = os.lstat(path).st_mode
        if stat.S_ISREG(seen):
            return stat.S_IMODE(seen)
    return 0o777


def _is_taken(file: OutputFile) -> bool:
    """Return whether something else is at the file's path than what is to be written."""
    with _translated(file.path):
        if not os.path.lexists(file.path):
            return False
        check_target(file.path, file.path)
        try:
            with open(file.path, "rb") as present:
                return present.read(len(file.content) + 1) != file.content
        except (
            FileNotFoundError,
            PermissionError,
        ):  # a link that leads nowhere, or what only a folder's owner replaces
            return True


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise explain_unwritable(path, error) from error
