"""Certificates that vouch for a key, and what step-ca asks of them (step-ca, provisioner/x5c.go and sshpop.go)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import attrs

from domain.errors import InputError, KeyMismatchError
from domain.formats.duration import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from domain.keys.jwk import PublicJwk
    from domain.report.worded_value import WordedValue

FOREVER = (1 << 64) - 1
"""The end of an SSH certificate that never expires, in seconds (OpenSSH, PROTOCOL.certkeys)."""


@attrs.frozen(kw_only=True, eq=False)
class Certificate:
    """An X.509 certificate, as far as a token needs it.

    Attributes:
        der: The whole certificate.
        common_name: Of its subject, empty where it has none.
        not_before, not_after: Nanoseconds since the epoch, UTC.
        digital_signature: Whether its key usage names digitalSignature.
        client_auth: Whether its extended key usage allows client authentication, as no such extension does.
        public: Its key, None where that is of a type that signs no tokens.
        is_issued_by: Tells whether the certificate in this DER has issued it: its name is the issuer's, and its
            key made the signature.
        subject_name, issuer_name: Its own name and its issuer's, in DER.
        is_ca: Whether it may issue certificates (RFC 5280, 4.2.1.9).
        path_length: How many issuers may follow it on the way to a leaf, None for any number.
        has_open_questions: Whether it has name constraints or a critical extension that step-ott does not judge.
        provisioner: Name of the provisioner that step-ca gave it by, None where it does not say.
        key_fingerprint: SHA-256 of its key as it stands in it, lower-case hex.
        read_names: Gives its Subject Alternative Names by type, "dns", "ip", "email" and "uri", each as Go writes it.
        read_san_extension: Gives the DER of its Subject Alternative Names, empty where it has none. Both are read when
            they are asked for, since there may be tens of thousands, and most certificates are looked at for their key.
        serial: Its serial number.
        server_auth: The same as client_auth for servers.
        signs_certificates: Whether its key usage names keyCertSign, or it has none.
        unknown_critical: The identifiers of critical extensions that no verifier knows.
    """

    der: bytes = attrs.field(repr=False)
    common_name: str
    not_before: int
    not_after: int
    digital_signature: bool
    client_auth: bool
    public: PublicJwk | None
    is_issued_by: Callable[[bytes], bool] = attrs.field(repr=False)
    subject_name: bytes = b""
    issuer_name: bytes = b""
    is_ca: bool = False
    path_length: int | None = None
    has_open_questions: bool = False
    provisioner: str | None = None
    key_fingerprint: str = ""
    read_names: Callable[[], Mapping[str, AbstractSet[str]]] = attrs.field(default=dict, repr=False)
    read_san_extension: Callable[[], bytes] = attrs.field(default=bytes, repr=False)
    serial: int = 0
    server_auth: bool = True
    signs_certificates: bool = True
    unknown_critical: AbstractSet[str] = frozenset()

    def fingerprint(self) -> str:
        """Return the SHA-256 of its DER, lower-case hex."""
        return sha256(self.der).hexdigest()

    def names_issuer(self, other: Certificate) -> bool:
        """Return whether `other` has the issuer's name: what can be told without a look at the signature."""
        return self.issuer_name == other.subject_name


@attrs.frozen(kw_only=True, eq=False)
class SshCertificate:
    """An SSH certificate, as far as a token needs it.

    Attributes:
        wire: Standard base64 of its wire bytes.
        serial: Its serial number.
        is_host: Whether it is a host's, not a user's.
        not_before, not_after: Seconds since the epoch, UTC; `FOREVER` for no end.
        public: Its key, None where that is of a type that signs no tokens.
        key_id: Its key identifier.
        principals: The names that it is for.
        signed_by: Standard base64 of the wire bytes of the key that signed it, empty where the signature is bad.
        key_fingerprint: Its key's, as OpenSSH writes it: "SHA256:" and unpadded base64.
        critical_options: The names of what who takes it must know and obey, such as force-command.
    """

    wire: str = attrs.field(repr=False)
    serial: int
    is_host: bool
    not_before: int
    not_after: int
    public: PublicJwk | None
    key_id: str = ""
    principals: tuple[str, ...] = ()
    signed_by: str = attrs.field(default="", repr=False)
    key_fingerprint: str = ""
    critical_options: tuple[str, ...] = ()

    def span(self) -> tuple[int, int]:
        """Return when it begins and ends, in nanoseconds since the epoch, UTC."""
        return self.not_before * NANOSECONDS, self.not_after * NANOSECONDS

    def describe(self) -> WordedValue:
        """Return it in words and in members; null is an end that it does not have."""
        from domain.ca.cert_types import name_cert_type  # noqa: PLC0415  # only to explain
        from domain.report.worded_value import WordedValue, join_items  # noqa: PLC0415

        members: dict[str, Any] = {
            "kind": name_cert_type(is_host=self.is_host),
            "key_id": self.key_id,
            "principals": list(self.principals),
            "serial": str(self.serial),
            "from": _format_seconds(self.not_before) if self.not_before else None,
            "until": None if self.not_after == FOREVER else _format_seconds(self.not_after),
            "key_fingerprint": self.key_fingerprint,
        }
        words = (
            f"of a {members['kind']}, key id {join_items([self.key_id])}, "
            f"principals {join_items(self.principals) or 'none'}, serial {self.serial}, "
            f"from {members['from'] or 'the beginning'}, until {members['until'] or 'forever'}, "
            f"fingerprint of its key {self.key_fingerprint}"
        )
        return WordedValue(members, words)


class SshPublicKey:
    """A public key of SSH.

    Attributes:
        wire: Standard base64 of its wire bytes.
    """

    def __init__(self, wire: str) -> None:
        self.wire = wire


@attrs.frozen(kw_only=True)
class CertificateRequest:
    """A certificate signing request (RFC 2986), as far as a token has a say in it.

    Attributes:
        der: The whole request, and nothing else that stood beside it.
        fingerprint: Unpadded base64url of the SHA-256 of its DER.
        common_name: Of its subject, empty where it has none.
        dns_names, ip_addresses, emails, uris: Its Subject Alternative Names by type, each once.
        is_signed: Whether its own signature holds.
        key: What its key is, such as "RSA of 1024 bits".
        takes_key: Whether step-ca signs for such a key.
        key_fingerprint: SHA-256 of the key as it stands in it, lower-case hex; empty where it cannot be read.
    """

    der: bytes = attrs.field(repr=False)
    fingerprint: str
    common_name: str
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    emails: tuple[str, ...]
    uris: tuple[str, ...]
    is_signed: bool
    key: str
    takes_key: bool
    key_fingerprint: str = ""


def _format_seconds(seconds: int) -> str:
    """Return a time as RFC 3339, or one beyond the calendar as seconds since the epoch."""
    from domain.formats.rfc3339 import LAST_SECOND, format_time  # noqa: PLC0415  # the calendar is slow to load

    return format_time(seconds * NANOSECONDS) if seconds <= LAST_SECOND else f"{seconds} s after 1970"


def check_usage(leaf: Certificate) -> None:
    """Check that the leaf may sign a token.

    Raises:
        InputError: it does not allow digitalSignature or client authentication.
    """
    if not leaf.digital_signature:
        raise InputError("the certificate's key usage does not name digitalSignature", "use another certificate")
    check_client_use(leaf)


def check_client_use(leaf: Certificate) -> None:
    """Check that the leaf may be shown to a server.

    Raises:
        InputError: its extended key usage does not allow client authentication.
    """
    if not leaf.client_auth:
        raise InputError("the certificate is not for client authentication", "use another certificate")


def check_validity(not_before: int, not_after: int | None, now: int) -> None:
    """Check that a certificate is valid at `now`, all in nanoseconds since the epoch, UTC.

    Args:
        not_after: None where it does not matter.

    Raises:
        InputError: it is not valid yet, or has expired.
    """
    is_early = now < not_before
    if is_early or (not_after is not None and now >= not_after):
        from domain.certificates.expiry import CHECK_CLOCK, explain_time  # noqa: PLC0415  # the calendar is slow to load

        reason = explain_time(not_before, not_before if not_after is None else not_after, now)
        remedy = "wait" if is_early else "get a new certificate"
        raise InputError(f"the certificate {reason}", f"{CHECK_CLOCK}; if it is right, {remedy}")


def check_key(public: PublicJwk | None, signer: PublicJwk, key: str, certificate: str) -> None:
    """Check that the key that signs is the certificate's.

    Args:
        public: The certificate's key.
        signer: The signing key's public half.
        key, certificate: The options that name the two, as the user wrote them.

    Raises:
        KeyMismatchError: it is another one.
    """
    if public is None or public.thumbprint() != signer.thumbprint():
        raise KeyMismatchError(f"{key} is not the key of {certificate}", "give the certificate's own key")
