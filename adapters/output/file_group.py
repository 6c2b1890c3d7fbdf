"""Files that belong together, such as a root certificate and the configuration that names it: all there, or none."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from adapters.output.private_file import PrivateFile, explain_unwritable, name_hidden
from adapters.output.streams import find_descriptor
from adapters.process.interruption import deciding
from domain.errors import OutputError
from domain.formats.file_mode import FOLDER_OF_OWNER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from domain.ports import OutputFile


class FileGroup:
    """Writes files whole, and all of a group or none (see `domain.ports.OutputFiles`); links are never followed.

    All of them are on the disk before the first gets its name. Signals are held back from there to the last, and what
    fails in between takes back what was named. So only a kill that nobody can hold back, in the moment between two
    names, leaves the first ones new and the others as they were.

    Attributes:
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(self, *, is_last: bool = False) -> None:
        self.is_last = is_last

    def list_taken(self, files: Sequence[OutputFile]) -> Sequence[str]:
        return [file.path for file in files if _is_taken(file)]

    def write(self, files: Sequence[OutputFile], replaced: Collection[str] = ()) -> None:
        wanted = [file for file in files if _is_taken(file) or not os.path.lexists(file.path)]
        folders: list[str] = []
        try:
            with ExitStack() as opened:
                ready = [(file, opened.enter_context(_prepare(file, folders))) for file in wanted]
                with deciding(is_last=self.is_last):
                    _name_all(ready, replaced)
        except BaseException:
            for folder in reversed(folders):
                with suppress(OSError):  # somebody has put something into it
                    os.rmdir(folder)
            raise


@contextmanager
def _prepare(file: OutputFile, folders: list[str]) -> Iterator[PrivateFile]:
    """Give the file with its whole content, nameless; folders that are made for it are added to `folders`."""
    folder = os.path.dirname(file.path)
    with ExitStack() as opened:
        with _translated(file.path):
            if file.makes_folder:
                _make_folders(folder, folders)
            written = opened.enter_context(PrivateFile(name_hidden(folder), mode=file.mode & _find_mode(file.path)))
            written.write(file.content, is_durable=True)
        yield written


def _find_mode(path: str) -> int:
    """Return the permission bits of the file that is there, all of them where there is none, or a link."""
    with suppress(FileNotFoundError, NotADirectoryError):
        seen = os.lstat(path).st_mode
        if stat.S_ISREG(seen):
            return stat.S_IMODE(seen)
    return 0o777


def _make_folders(folder: str, made: list[str]) -> None:
    """Make a folder and those above it, each for its owner alone, where they are missing."""
    if folder and not os.path.isdir(folder):
        _make_folders(os.path.dirname(folder), made)
        with suppress(FileExistsError):  # somebody else was quicker; if it is not a folder, that shows where it is used
            os.mkdir(folder, FOLDER_OF_OWNER)
            made.append(folder)


def _name_all(ready: Sequence[tuple[OutputFile, PrivateFile]], replaced: Collection[str]) -> None:
    """Give all files their names; where one cannot have it, put back what was there before the others."""
    named: list[tuple[str, str | None]] = []
    try:
        for file, written in ready:
            with _translated(file.path):
                if file.path in replaced and os.path.lexists(file.path):
                    _refuse_irregular(file.path)
                    before = name_hidden(os.path.dirname(file.path))
                    os.link(file.path, before, follow_symlinks=False)
                    named.append((file.path, before))
                    written.replace(file.path)
                else:
                    written.link(file.path)
                    named.append((file.path, None))
    except BaseException:
        for path, kept in reversed(named):
            with suppress(OSError):
                os.unlink(path) if kept is None else os.replace(kept, path)
        raise
    finally:
        for _, kept in named:
            with suppress(OSError):  # where it was put back; but for a file that never left, which rename leaves alone
                os.unlink(kept or "")


def _is_taken(file: OutputFile) -> bool:
    """Return whether something else is at the file's path than what is to be written."""
    with _translated(file.path):
        if not os.path.lexists(file.path):
            return False
        _refuse_irregular(file.path)
        try:
            with open(file.path, "rb") as present:
                return present.read(len(file.content) + 1) != file.content
        except (
            FileNotFoundError,
            PermissionError,
        ):  # a link that leads nowhere, or what only a folder's owner replaces
            return True


def _refuse_irregular(path: str) -> None:
    """Refuse what is neither a regular file nor a link to one, which a file would be put in the place of.

    `/dev/stdout` is a link, and root may replace it.
    """
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        with suppress(FileNotFoundError):
            mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) or find_descriptor(path) is not None:
        raise OutputError(f"{path} is not a regular file", "name another file")


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise OutputError(f"{path} exists", "add --force to replace it") from error
    except (OSError, ValueError) as error:
        raise explain_unwritable(path, error) from error
