"""Files seen from outside: kind, permissions, owner."""

import os
import stat
from collections.abc import Sequence
from itertools import islice

from domain.doctor.file_status import FileKind, FileStatus
from domain.errors import InputError, explain_unread

MAX_NAMES = 1000


class LocalFileSystem:
    """Looks at this machine's files (see `domain.doctor.ports.FileSystem`)."""

    def look(self, path: str, follows: bool = True) -> FileStatus | None:
        try:
            seen = os.stat(path, follow_symlinks=follows)
            is_link = stat.S_ISLNK(seen.st_mode)
            mount = 0 if is_link else os.statvfs(path).f_flag
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise explain_unread(path, error, done="looked at") from error
        return FileStatus(
            path=path,
            kind=_name_kind(seen.st_mode),
            mode=stat.S_IMODE(seen.st_mode),
            is_own=seen.st_uid in (0, os.geteuid()),
            is_readable=os.access(path, os.R_OK | os.X_OK if stat.S_ISDIR(seen.st_mode) else os.R_OK),
            is_mounted_read_only=bool(mount & os.ST_RDONLY),
        )

    def list_names(self, folder: str) -> Sequence[str]:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in islice(entries, MAX_NAMES + 1))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:
            raise explain_unread(folder, error, done="listed") from error
        if len(names) > MAX_NAMES:
            raise InputError(f"{folder} holds over {MAX_NAMES} names", "keep nothing else in it")
        return names


def _name_kind(mode: int) -> FileKind:
    tests = ((stat.S_ISREG, FileKind.FILE), (stat.S_ISDIR, FileKind.FOLDER), (stat.S_ISLNK, FileKind.LINK))
    return next((kind for is_kind, kind in tests if is_kind(mode)), FileKind.OTHER)
