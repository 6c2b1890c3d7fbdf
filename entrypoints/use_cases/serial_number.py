"""How a serial number is found that the user gives as a number, or as the file of its certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import UsageError, naming
from domain.formats.serial_number import parse_serial

if TYPE_CHECKING:
    from domain.certificates.ports import Certificates
    from domain.ports import InputFiles

MAX_CERTIFICATE_BYTES = 1 << 20

ENDINGS = (".crt", ".pem", ".cer", ".cert", ".der", ".pub")
"""What names of files with certificates end in; others want a slash, as in `./web`."""


def may_be_file(text: str) -> bool:
    """Return whether a file is meant where a serial number could be too: by a slash, an ending, or `-`."""
    return text == "-" or "/" in text or text.endswith(ENDINGS)


def find_serial(text: str, files: InputFiles, certificates: Certificates, *, is_ssh: bool = False) -> str:
    """Return the serial number, in decimal, that `text` is, or that the first certificate in the file `text` has.

    Args:
        text: What the user gives.
        files: Where the file is read.
        certificates: What reads it.
        is_ssh: Whether it is a file with an SSH certificate, not an X.509 one.

    Raises:
        UsageError: it is neither.
        InputError: the file cannot be read, or holds no certificate.
    """
    try:
        serial = parse_serial(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a serial number in decimal or hex", str(error)) from error
    if serial is not None:
        return serial
    if not may_be_file(text):
        what = f"{text!r} is not a serial number in decimal or hex"
        raise UsageError(what, "give one, or the certificate's file, such as ./web.crt")
    with naming(text, text):
        data = files.read(text, MAX_CERTIFICATE_BYTES)
        return str(certificates.read_ssh(data).serial if is_ssh else certificates.read_chain(data)[0].serial)
