"""What the CA's answers about SSH must be: nothing of one that is not what was asked for is kept."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import attrs

from domain.ca.cert_types import name_cert_type
from domain.errors import AuthorityError
from domain.formats.duration import MINUTE, NANOSECONDS, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.certificates.x509_and_ssh import SshCertificate
    from domain.enroll.answer import CaAnswer
    from domain.enroll.ssh_request import SshTerms
    from domain.formats.moment import Moment

TOLERANCE = 2 * MINUTE
"""How far a time that the CA counts from its own clock may be from the same by ours, in nanoseconds."""

_CHECK_CA = "ask whoever runs the CA"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WantedSsh:
    """What the certificate in an answer must be.

    Attributes:
        key_fingerprint: Its key's, as OpenSSH writes it.
        signers: Standard base64 of the wire bytes of the CA's keys for certificates of this type.
    """

    key_fingerprint: str
    is_host: bool
    signers: Sequence[str]


def read_ssh_certificate(answer: CaAnswer, member: str = "crt") -> bytes:
    """Return standard base64 of the wire bytes of the certificate that the CA answers with.

    Raises:
        AuthorityError: there is none.
    """
    text = answer.members.get(member)
    if not isinstance(text, str) or not text or len(text.split()) != 1:
        raise refuse_unreadable()
    return text.encode()


def refuse_unreadable() -> AuthorityError:
    """Return the error for an answer without a certificate that can be read."""
    return AuthorityError("the CA answers with no SSH certificate", _CHECK_CA)


def check_ssh_certificate(certificate: SshCertificate, wanted: WantedSsh, now: int) -> None:
    """Check that a certificate is for the key and of the type that were asked for, in time, and the CA's own.

    Args:
        now: Nanoseconds since the epoch, UTC.

    Raises:
        AuthorityError: saying what it is not.
    """
    if certificate.key_fingerprint != wanted.key_fingerprint:
        raise _refuse("is for another key")
    if certificate.is_host is not wanted.is_host:
        asked = name_cert_type(is_host=wanted.is_host)
        raise _refuse(f"is a {name_cert_type(is_host=certificate.is_host)} certificate, not a {asked} certificate")
    if not certificate.signed_by:
        raise _refuse("has no valid signature")
    if certificate.signed_by not in wanted.signers:
        raise _refuse("is not signed by a key that the CA publishes for such certificates")
    if now >= certificate.not_after * NANOSECONDS:
        raise AuthorityError(
            "the certificate that the CA answers with has expired", "check the CA's clock and this machine's"
        )


def check_same_names(certificate: SshCertificate, before: SshCertificate) -> None:
    """Check that a certificate is for whom the one before it was for.

    Raises:
        AuthorityError: it has another key identifier, or other principals.
    """
    if (certificate.key_id, certificate.principals) != (before.key_id, before.principals):
        raise _refuse("has another key identifier or other principals than the one before")


def list_other_names(certificate: SshCertificate, terms: SshTerms) -> Iterator[str]:
    """Give what a certificate is called and whom it is for, where the terms say something else, a phrase each."""
    if certificate.key_id != terms.key_id:
        yield f"its key identifier is {certificate.key_id!r}, not {terms.key_id!r}"
    if terms.principals and set(certificate.principals) != set(terms.principals):
        whom = ", ".join(certificate.principals) or "whoever shows it"
        yield f"it is for {whom}, not for {', '.join(terms.principals)}"


def list_other_times(certificate: SshCertificate, terms: SshTerms, since: int) -> Iterator[str]:
    """Give when a certificate begins and ends, where the terms say something else, a phrase each.

    Args:
        since: When it was asked for, in nanoseconds since the epoch, UTC.
    """
    for what, got, moment in (
        ("begins", certificate.not_before, terms.not_before),
        ("ends", certificate.not_after, terms.not_after),
    ):
        if moment is not None and moment.canonical() and _differs(got, moment, since):
            distance = got * NANOSECONDS - moment.at(since)
            way = "later" if distance > 0 else "earlier"
            yield f"it {what} {format_duration(abs(distance) // NANOSECONDS * NANOSECONDS)} {way} than asked for"


def refuse_differences(differences: Sequence[str]) -> AuthorityError:
    """Return the error for a certificate that is not what was asked for."""
    return _refuse(f"is not what was asked for: {'; '.join(differences)}")


def fingerprint_wire(public_key: str) -> str:
    """Return the fingerprint of a key, standard base64 of its wire bytes, as OpenSSH writes it."""
    return "SHA256:" + b64encode(sha256(b64decode(public_key)).digest()).decode("ascii").rstrip("=")


def _differs(seconds: int, moment: Moment, since: int) -> bool:
    tolerance = TOLERANCE if moment.relative else NANOSECONDS
    return abs(seconds * NANOSECONDS - moment.at(since)) > tolerance


def _refuse(what: str) -> AuthorityError:
    return AuthorityError(f"the certificate that the CA answers with {what}", _CHECK_CA)
