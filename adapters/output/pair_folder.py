"""A folder where each line of a batch gets a certificate and its key; what is printed says which is whose."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import chain, count
from typing import TYPE_CHECKING

from adapters.output.batch_folder import drop_dots, open_folder
from adapters.output.key_pair import KeyPairFiles
from domain.batch.row import write_certificate_row
from domain.batch.token_file_name import name_stem

if TYPE_CHECKING:
    from adapters.output.batch_rows import RowWriter
    from domain.batch.certified_line import CertifiedLine
    from domain.batch.portion import Goods, LooseEnd

CERTIFICATE, KEY = ".crt", ".key"


class PairFolder:
    """A `BatchSink` (see `domain.batch.ports`): a folder with two files of mode 0600 for each certificate.

    Both get their names together, just before the row is printed.

    Attributes:
        path: The folder.
        rows: Prints.
    """

    def __init__(self, path: str, rows: RowWriter) -> None:
        self.path = drop_dots(path)
        self.rows = rows

    def prepare(self, *, may_hold_files: bool) -> None:
        """Make the folder where there is none (see `open_folder`)."""
        os.close(open_folder("--certificates", self.path, may_hold_files=may_hold_files))

    def count(self) -> int:
        return self.rows.count()

    def loose_end(self) -> LooseEnd:
        return self.rows.loose_end()

    def settle(self, process: int) -> None:
        self.rows.settle(process)

    def take(self, goods: Goods, ending: int) -> None:
        for certified in goods.certificates:
            if not self.rows.await_room(ending):
                return
            self._deliver(certified)

    def _deliver(self, certified: CertifiedLine) -> None:
        """Write both files and the row, all or none."""
        stem = self._find_free_stem(certified)
        names = f"{stem}{CERTIFICATE}", f"{stem}{KEY}"
        certificate, key = (os.path.join(self.path, name) for name in names)
        KeyPairFiles(certificate, key).deliver(certified.chain, certified.key)
        before = self.rows.count()
        try:
            self.rows.write(f"{write_certificate_row(certified, *names)}\n".encode())
        finally:
            if self.rows.count() == before and not self.rows.loose_end().doubtful:
                for path in (certificate, key):
                    with suppress(OSError):
                        os.unlink(path)

    def _find_free_stem(self, certified: CertifiedLine) -> str:
        """Return what both files are called: as the subject, or where that is taken, with the line's number, and so on.

        Where one of the two names is taken, neither is used.
        """
        stem = name_stem(certified.subject)
        numbered = f"{stem}-{certified.number}"
        stems = chain((stem, numbered), (f"{numbered}-{again}" for again in count(2)))
        return next(free for free in stems if not any(map(self._has, (f"{free}{CERTIFICATE}", f"{free}{KEY}"))))

    def _has(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self.path, name))
