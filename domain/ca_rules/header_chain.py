"""The certificates that a token carries in its header (RFC 7515, 4.1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.errors import InputError
from domain.formats.go_base64 import decode_standard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.ca_rules.case import Case
    from domain.certificates.ports import Certificates
    from domain.certificates.x509_and_ssh import Certificate


def read_header_chain(case: Case, member: str) -> list[Certificate]:
    """Return the certificates in the header's `member`, leaf first, at least one.

    Raises:
        InputError: there are none, or one cannot be read.
    """
    chain = read_chain(case.token.header, member, case.certificates)
    if not chain:
        raise InputError(f"its header has no {member}")
    return chain


def read_chain(header: Mapping[str, Any], member: str, certificates: Certificates) -> list[Certificate]:
    """Return the certificates in a member of a header, leaf first; none where it is absent.

    Raises:
        InputError: it is not a list, or one cannot be read.
    """
    encoded = header.get(member)
    if encoded is None:
        return []
    if not isinstance(encoded, list):
        raise InputError(f"{member} in its header is not a list")
    return [_read_certificate(certificates, text, member) for text in encoded]


def _read_certificate(certificates: Certificates, text: Any, member: str) -> Certificate:
    """Return the one certificate, in DER and not in PEM, that stands in a chain as `text`."""
    try:
        der = decode_member(text)
    except ValueError as error:
        raise InputError(f"{member} in its header is not base64") from error
    try:
        found = certificates.read_chain(der)
        if [certificate.der for certificate in found] == [der]:
            return found[0]
    except InputError:
        pass
    raise InputError(f"{member} in its header holds something that is not a certificate in DER")


def decode_member(text: Any) -> bytes:
    """Return what standard base64 stands for.

    Raises:
        ValueError: `text` is no text, or no base64.
    """
    if not isinstance(text, str):
        raise ValueError("no text")
    return decode_standard(text)
