"""The user's files and standard input, read whole within a bound."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from domain.errors import InputError

if TYPE_CHECKING:
    from domain.ports import InputFiles


class LocalFiles:
    """Files of this machine; `-` is standard input."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`)."""
        try:
            if path == "-":
                data = sys.stdin.buffer.read(limit + 1)
            else:
                with open(path, "rb") as file:
                    data = file.read(limit + 1)
        except (OSError, ValueError, AttributeError) as error:
            reason = getattr(error, "strerror", None) or ("it is closed" if path == "-" else "not a path")
            raise InputError(f"{_name(path)} cannot be read: {reason}", "check the path and its permissions") from error
        return _bound(data, path, limit)


class RememberedFiles:
    """Files that are read once, since several steps look at one, and standard input can be read only once.

    Attributes:
        files: Where they are.
    """

    def __init__(self, files: InputFiles) -> None:
        self.files = files
        self._contents: dict[str, bytes] = {}
        self._refusal: InputError | None = None

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`), within each reader's own limit."""
        if path == "-" and self._refusal is not None:
            raise self._refusal
        if path not in self._contents:
            try:
                self._contents[path] = self.files.read(path, limit)
            except InputError as error:
                if path == "-":
                    self._refusal = error  # its beginning is gone
                raise
        return _bound(self._contents[path], path, limit)


def _bound(data: bytes, path: str, limit: int) -> bytes:
    if len(data) > limit:
        raise InputError(f"{_name(path)} is over {limit} bytes", "it is not a file of the kind that is wanted here")
    return data


def _name(path: str) -> str:
    return "standard input" if path == "-" else path
