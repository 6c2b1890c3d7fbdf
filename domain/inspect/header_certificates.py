"""The certificates that a token carries in its header."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import attrs

from domain.formats.rfc3339 import format_whole_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.certificates.ports import HeaderCertificate
    from domain.certificates.x509_and_ssh import Certificate


@attrs.frozen
class HeaderCertificates:
    """What could be read of the certificates in a header.

    Attributes:
        chain: The X.509 ones, each with the header's member that holds it and its place there, from 1.
        faults: What could not be read, and why, a sentence each.
        others: Those that provisioners' types have a member of their own for, by what they are called here, each
            with the header's member.
    """

    chain: Sequence[tuple[str, int, Certificate]] = ()
    faults: Sequence[str] = ()
    others: Mapping[str, tuple[str, HeaderCertificate]] = attrs.field(factory=dict)


def describe_chain(held: HeaderCertificates) -> list[dict[str, str]]:
    """Return each X.509 certificate's names, times and fingerprint (lower-case hex SHA-256 of its DER)."""
    return [
        {
            "header": member,
            "subject": certificate.common_name,
            "from": format_whole_seconds(certificate.not_before),
            "until": format_whole_seconds(certificate.not_after),
            "fingerprint": sha256(certificate.der).hexdigest(),
        }
        for member, _, certificate in held.chain
    ]


def list_certificate_warnings(held: HeaderCertificates, now: int) -> list[str]:
    """Return what is odd about the certificates, a sentence each; `now` is nanoseconds since the epoch, UTC."""
    return [*held.faults, *_judge_times(held, now)]


def _judge_times(held: HeaderCertificates, now: int) -> Iterator[str]:
    spans = [
        (f"certificate {number} in its {member}", certificate.not_before, certificate.not_after)
        for member, number, certificate in held.chain
    ]
    spans += [(f"the certificate in its {member}", *other.span()) for member, other in held.others.values()]
    for name, begin, end in spans:
        if end <= now:
            yield f"{name} has expired"
        elif begin > now:
            yield f"the time of {name} has not come yet"
