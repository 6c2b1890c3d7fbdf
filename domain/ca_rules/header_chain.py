"""The certificates that a token carries in its header (RFC 7515, 4.1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.errors import InputError
from domain.formats.go_base64 import decode_standard
from domain.token.header_certificates import read_x509_member

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
        raise InputError(f"its {member} is not a list of certificates")
    try:
        return [read_x509_member(text, certificates, decode_standard) for text in encoded]
    except ValueError as error:
        raise InputError(f"a certificate in its {member} cannot be read: {error}") from error
