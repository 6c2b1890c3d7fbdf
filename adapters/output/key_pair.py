"""Where a certificate and its key go: two private files that are there together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.output.files_together import NewFile, check_files, write_together

if TYPE_CHECKING:
    from domain.enroll.ports import HeldKey


class KeyPairFiles:
    """A `PairSink` (see `domain.enroll.ports`): files of mode 0600.

    Attributes:
        certificate: The file of the certificate.
        key: That of the key; None where the key is not written.
        replace: Whether files that are there already are replaced.
        takes_after: Whether a file has the mode of the one that it replaces and, where it may, its owner.
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(
        self,
        certificate: str,
        key: str | None,
        replace: bool = False,
        *,
        takes_after: bool = False,
        is_last: bool = False,
    ) -> None:
        self.certificate = certificate
        self.key = key
        self.replace = replace
        self.takes_after = takes_after
        self.is_last = is_last

    def check(self) -> None:
        check_files([path for path in (self.key, self.certificate) if path is not None], replace=self.replace)

    def deliver(self, certificates: bytes, key: bytes | None, held: HeldKey | None = None) -> None:
        """Write both, the key first: who waits for the certificate then finds its key as well."""
        takes_after = self.takes_after and self.replace
        keys = [] if self.key is None or key is None else [NewFile(self.key, key, takes_after=takes_after)]
        files = [*keys, NewFile(self.certificate, certificates, takes_after=takes_after)]
        write_together(files, replace=self.replace, is_last=self.is_last, held=held)
