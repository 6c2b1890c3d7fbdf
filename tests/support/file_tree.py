"""A folder as a value, so that two programs that write one can be compared."""

import stat
from collections.abc import Mapping
from pathlib import Path


def read_tree(folder: Path) -> Mapping[str, tuple[str, bytes]]:
    """Return the mode and content of all that is in a folder, itself included; the folder's own path is left out."""
    own = str(folder).encode()
    found = {}
    for path in (folder, *folder.rglob("*")):
        mode = stat.filemode(path.lstat().st_mode)
        content = path.read_bytes().replace(own, b"FOLDER") if path.is_file() else b""
        found[str(path.relative_to(folder))] = (mode, content)
    return found
