"""The folder where each line of a batch gets files of its own."""

import contextlib
import os

from adapters.output.private_file import PrivateFile, explain_unwritable, name_hidden
from domain.errors import OutputError
from domain.formats.file_mode import FOLDER_OF_OWNER


def drop_dots(path: str) -> str:
    """Return `path` without `/` and `/.` at its end, which would lead through a symbolic link there."""
    while (shorter := path.rstrip("/").removesuffix("/.")) not in ("", path):
        path = shorter
    return path


def open_folder(option: str, path: str, *, may_hold_files: bool) -> int:
    """Make the folder where there is none, mode 0700, and open it; the folder above it must be there.

    Raises:
        OutputError: it cannot be made, is a symbolic link, or holds something and may not.
    """
    try:
        if os.path.islink(path):
            leads = os.path.realpath(path)
            raise OutputError(f"{option} {path} is a symbolic link", f"name the folder itself: {leads}")
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, mode=FOLDER_OF_OWNER)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        if not may_hold_files and os.listdir(folder):
            raise OutputError(f"{option} {path} is not empty", "name another, or continue a batch with --resume-from")
        with PrivateFile(f"{name_hidden()}-{os.getpid()}", folder):
            pass  # it could be written
    except (OSError, ValueError) as error:
        raise explain_unwritable(f"{option} {path}", error) from error
    return folder
