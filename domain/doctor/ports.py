"""Ports to what only `doctor` looks at: files from outside, and the way to a CA."""

from collections.abc import Sequence
from typing import Protocol

from domain.doctor.ca_visit import CaVisit
from domain.doctor.file_status import FileStatus


class FileSystem(Protocol):
    """Looks at files from outside, without reading them."""

    def look(self, path: str, follows: bool = True) -> FileStatus | None:
        """Return what stands at `path`, or where it leads if it is a symbolic link and `follows`; None for nothing.

        Raises:
            InputError: it cannot be told.
        """
        ...

    def list_names(self, folder: str) -> Sequence[str]:
        """Return the names in `folder` in their order, none where there is no such folder.

        Raises:
            InputError: they cannot be read, or are too many.
        """
        ...


class CaVisitor(Protocol):
    """Goes to a CA and looks, as far as it gets."""

    def visit(self) -> CaVisit:
        """Return what was seen, failures included."""
        ...
