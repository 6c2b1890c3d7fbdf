"""The certificates in a token's header: each is the standard base64 of its bytes (RFC 7515, 4.1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.certificates.ports import Certificates
    from domain.certificates.x509_and_ssh import Certificate


def decode_member(text: Any, decode: Callable[[str], bytes]) -> bytes:
    """Return what a text of the header stands for; `decode` reads standard base64, or raises a ValueError.

    Raises:
        ValueError: `text` is not text, or not base64.
    """
    if not isinstance(text, str):
        raise ValueError("it is not text")
    try:
        return decode(text)
    except ValueError as error:
        raise ValueError("it is not standard base64") from error


def read_x509_member(text: Any, certificates: Certificates, decode: Callable[[str], bytes]) -> Certificate:
    """Return the one X.509 certificate, in DER and not in PEM, that `text` in `x5c` stands for; see `decode_member`.

    Raises:
        ValueError: there is none; it says why.
    """
    der = decode_member(text, decode)
    try:
        certificate = certificates.read_chain(der)[0]
    except InputError as error:
        raise ValueError("it is not an X.509 certificate in DER") from error
    if certificate.der != der:
        raise ValueError("it is PEM in base64, not DER")
    return certificate
