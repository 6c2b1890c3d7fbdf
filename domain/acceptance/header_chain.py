"""The certificates that a token carries in its header (RFC 7515, 4.1.6)."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from domain.errors import InputError

if TYPE_CHECKING:
    from domain.acceptance.case import Case
    from domain.certificate import Certificate


def read_header_chain(case: Case, member: str) -> list[Certificate]:
    """Return the certificates in the header's `member`, leaf first, at least one.

    Raises:
        InputError: there are none, or one cannot be read.
    """
    encoded = case.token.header.get(member)
    if not isinstance(encoded, list) or not encoded:
        raise InputError(f"its header has no {member}")
    return [_read_certificate(case, text, member) for text in encoded]


def _read_certificate(case: Case, text: Any, member: str) -> Certificate:
    """Return the one certificate, in DER and not in PEM, that stands in a chain as `text`."""
    try:
        der = decode_member(text)
    except ValueError as error:
        raise InputError(f"{member} in its header is not base64") from error
    try:
        found = case.certificates.read_chain(der)
        if [certificate.der for certificate in found] == [der]:
            return found[0]
    except InputError:
        pass
    raise InputError(f"{member} in its header holds something that is no certificate in DER")


def decode_member(text: Any) -> bytes:
    """Return what standard base64 stands for; line breaks in it do not count (Go, encoding/base64).

    Raises:
        ValueError: `text` is no text, or no base64.
    """
    if not isinstance(text, str):
        raise ValueError("no text")
    return b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
