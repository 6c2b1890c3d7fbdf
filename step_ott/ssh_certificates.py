"""SSH certificates as programs get them: what is in them, and how they are written to files."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from step_ott.certificates import check_flag, check_path
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from domain.certificates.x509_and_ssh import SshCertificate


@attrs.frozen(kw_only=True, repr=False)
class SignedSshCertificate:
    """An SSH certificate of the CA's, for a key that is there already.

    It was checked: it is for that key and by the CA's own.

    Attributes:
        line: The line that OpenSSH reads from a file such as ssh_host_ed25519_key-cert.pub.
        serial: Its serial number.
        key_id: Its key identifier.
        principals: The accounts or host names that it is for.
        not_before: When it begins, UTC.
        not_after: When it ends, UTC; None where that is beyond the calendar, or never.
    """

    line: str
    serial: int
    key_id: str
    principals: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None

    def __repr__(self) -> str:
        return f"<step_ott.SignedSshCertificate {self.serial} for {', '.join(self.principals[:5])!r}>"

    def save(self, certificate_path: str | os.PathLike[str], *, replace: bool = False) -> None:
        """Write the line to a file of mode 0644, or raise and leave what was there before.

        Args:
            certificate_path: The file. One that is replaced keeps its mode, and its owner where it may.
            replace: Whether a file that is there already is replaced.

        Raises:
            UsageError: it is not a path.
            OutputError: it cannot be written, or is there already.
        """
        from adapters.output.files_together import NewFile, write_together
        from domain.formats.file_mode import FOR_ALL

        with speaking_python():
            path, replaces = check_path(certificate_path, "certificate_path"), check_flag(replace)
            write_together([NewFile(path, self.line.encode(), FOR_ALL, takes_after=replaces)], replace=replaces)


def describe_ssh(certificate: SshCertificate) -> SignedSshCertificate:
    """Return the certificate as a value."""
    from domain.enroll.ssh_files import format_line

    return SignedSshCertificate(
        line=format_line(certificate.wire, certificate.key_id).decode(),
        serial=certificate.serial,
        key_id=certificate.key_id,
        principals=tuple(certificate.principals),
        not_before=_read_time(certificate.not_before),
        not_after=_read_time(certificate.not_after),
    )


def _read_time(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
