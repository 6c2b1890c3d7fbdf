"""What can be seen of a file from outside, without reading it."""

from enum import Enum

import attrs


class FileKind(Enum):
    """What stands at a path."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a symbolic link"
    OTHER = "neither file nor folder"


@attrs.frozen(kw_only=True)
class FileStatus:
    """What the system says of a path.

    Attributes:
        path: The path.
        kind: What stands there.
        mode: Its permission bits.
        is_own: Whether it belongs to the user of this process, or to root, who can read everything anyway.
        is_readable: Whether this process may read it.
        is_mounted_read_only: Whether its file system is, so that its mode cannot be changed from here.
    """

    path: str
    kind: FileKind
    mode: int
    is_own: bool
    is_readable: bool
    is_mounted_read_only: bool = False
