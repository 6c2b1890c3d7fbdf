"""The certificates that a token carries in its header."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import attrs

from domain.ca.cert_types import name_cert_type
from domain.certificates.x509_and_ssh import FOREVER
from domain.formats.duration import NANOSECONDS
from domain.formats.rfc3339 import LAST_SECOND, format_time
from domain.report.fact import Fact, join_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.certificates.nebula import NebulaCertificate
    from domain.certificates.x509_and_ssh import Certificate, SshCertificate


@attrs.frozen
class HeaderCertificates:
    """What could be read of the certificates in a header.

    Attributes:
        chain: The X.509 ones, each with the header's member that holds it and its place there, from 1.
        ssh: The SSH one in `sshpop`.
        nebula: Nebula's in `nebula`.
        faults: What could not be read, and why, a sentence each.
    """

    chain: Sequence[tuple[str, int, Certificate]] = ()
    ssh: SshCertificate | None = None
    faults: Sequence[str] = ()
    nebula: NebulaCertificate | None = None


def describe_chain(held: HeaderCertificates) -> list[dict[str, str]]:
    """Return each X.509 certificate's names, times and fingerprint (lower-case hex SHA-256 of its DER)."""
    return [
        {
            "header": member,
            "subject": certificate.common_name,
            "from": _format_nanoseconds(certificate.not_before),
            "until": _format_nanoseconds(certificate.not_after),
            "fingerprint": sha256(certificate.der).hexdigest(),
        }
        for member, _, certificate in held.chain
    ]


def describe_ssh(certificate: SshCertificate) -> Fact:
    """Return an SSH certificate in words and in members; null is an end that it does not have."""
    members: dict[str, Any] = {
        "kind": name_cert_type(is_host=certificate.is_host),
        "key_id": certificate.key_id,
        "principals": list(certificate.principals),
        "serial": str(certificate.serial),
        "from": _format_ssh_time(certificate.not_before) if certificate.not_before else None,
        "until": None if certificate.not_after == FOREVER else _format_ssh_time(certificate.not_after),
        "key_fingerprint": certificate.key_fingerprint,
    }
    words = (
        f"of a {members['kind']}, key id {join_items([certificate.key_id])}, "
        f"principals {join_items(certificate.principals) or 'none'}, serial {certificate.serial}, "
        f"from {members['from'] or 'the beginning'}, until {members['until'] or 'forever'}, "
        f"fingerprint of its key {certificate.key_fingerprint}"
    )
    return Fact(members, words)


def describe_nebula(certificate: NebulaCertificate) -> Fact:
    """Return a Nebula certificate in words and in members."""
    members: dict[str, Any] = {
        "version": certificate.version,
        "kind": "ca" if certificate.is_ca else "host",
        "name": certificate.name,
        "networks": [str(network) for network in certificate.networks],
        "from": _format_nanoseconds(certificate.not_before),
        "until": _format_nanoseconds(certificate.not_after),
        "fingerprint": certificate.fingerprint,
    }
    words = (
        f"of a {'CA' if certificate.is_ca else 'host'}, version {certificate.version}, "
        f"name {join_items([certificate.name])}, networks {join_items(members['networks']) or 'none'}, "
        f"from {members['from']}, until {members['until']}, fingerprint {certificate.fingerprint}"
    )
    return Fact(members, words)


def list_certificate_warnings(held: HeaderCertificates, now: int) -> list[str]:
    """Return what is odd about the certificates, a sentence each; `now` is nanoseconds since the epoch, UTC."""
    return [*held.faults, *_judge_times(held, now)]


def _judge_times(held: HeaderCertificates, now: int) -> Iterator[str]:
    spans = [
        (f"certificate {number} in its {member}", certificate.not_before, certificate.not_after)
        for member, number, certificate in held.chain
    ]
    if held.ssh is not None:
        begin, end = held.ssh.not_before * NANOSECONDS, held.ssh.not_after * NANOSECONDS
        spans.append(("the certificate in its sshpop", begin, end))
    if held.nebula is not None:
        spans.append(("the certificate in its nebula", held.nebula.not_before, held.nebula.not_after))
    for name, begin, end in spans:
        if end <= now:
            yield f"{name} has expired"
        elif begin > now:
            yield f"the time of {name} has not come yet"


def _format_nanoseconds(nanoseconds: int) -> str:
    return format_time(nanoseconds - nanoseconds % NANOSECONDS)


def _format_ssh_time(seconds: int) -> str:
    """Return a time as RFC 3339, or one beyond the calendar as seconds since the epoch."""
    return format_time(seconds * NANOSECONDS) if seconds <= LAST_SECOND else f"{seconds} s after 1970"
