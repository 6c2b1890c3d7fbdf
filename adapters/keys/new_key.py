"""New private keys, and requests by them, on `cryptography`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.jose.jws import JwsSigner, make_signer
from adapters.jose.key_objects import CURVES
from domain.ca_rules.sign import split_sans
from domain.errors import UsageError, describe_foreign, translating

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from adapters.jose.key_objects import PrivateKey
    from domain.enroll.key_kind import KeyKind
    from domain.keys.ports import Signer

_PUBLIC_EXPONENT = 65_537

MAX_COMMON_NAME = 64
"""Characters (RFC 5280, ub-common-name)."""


class LocalNewKeys:
    """Makes keys in this process (see `domain.enroll.ports.NewKeys`)."""

    def make(self, kind: KeyKind) -> LocalNewKey:
        if kind.bits:
            return LocalNewKey(rsa.generate_private_key(_PUBLIC_EXPONENT, kind.bits))
        if kind.curve in CURVES:
            return LocalNewKey(ec.generate_private_key(CURVES[kind.curve]))
        return LocalNewKey(ed25519.Ed25519PrivateKey.generate())


class GivenKey:
    """Gives a key that there is already, opened, in the place of new ones (see `domain.enroll.ports.NewKeys`).

    Attributes:
        signer: It.
    """

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def make(self, kind: KeyKind) -> LocalNewKey:  # noqa: ARG002  # which it has already
        if not isinstance(self.signer, JwsSigner):
            raise UsageError("the key is not in a file", "name a file")
        return LocalNewKey(self.signer.private_key)


class LocalNewKey:
    """A new key (see `domain.enroll.ports.NewKey`).

    Attributes:
        private_key: Never shown.
    """

    def __init__(self, private_key: PrivateKey) -> None:
        self.private_key = private_key

    def request(self, common_name: str, sans: Sequence[str]) -> bytes:
        algorithm = None if isinstance(self.private_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return write_request(self.private_key, algorithm, common_name, sans)

    @property
    def signer(self) -> Signer:
        """What signs by it."""
        return make_signer(self.private_key)

    def serialize(self, password: bytes | None) -> bytes:
        encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def write_request(
    private_key: CertificateIssuerPrivateKeyTypes, algorithm: Any, common_name: str, sans: Sequence[str]
) -> bytes:
    """Return a certificate signing request (see `domain.enroll.ports.NewKey`).

    Args:
        private_key: What signs it.
        algorithm: The hash that is signed, None for a key that has its own.
        common_name: Of its subject, empty for a subject without one. One that is too long for a name in a
            certificate (RFC 5280, appendix A.1) is left out; step-ca takes that of the token in its place.
        sans: Its names.
    """
    if len(common_name) > MAX_COMMON_NAME:
        common_name = ""
    with translating(_explain):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        names = list(_type_names(split_sans(sans)))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not common_name)
        return builder.sign(private_key, algorithm).public_bytes(Encoding.PEM)


def _explain(error: BaseException) -> UsageError:
    why = "they are not ASCII" if isinstance(error, UnicodeError | ValueError) and "idna" in str(error) else ""
    what = f"no certificate signing request can hold these names: {why or describe_foreign(error).rstrip('.')}"
    return UsageError(what, "write names in ASCII, domains in punycode")


def _type_names(split: Mapping[str, AbstractSet[str]]) -> Iterator[x509.GeneralName]:
    yield from map(x509.DNSName, sorted(split["dns"]))
    yield from (x509.IPAddress(ip_address(address)) for address in sorted(split["ip"]))
    yield from map(x509.RFC822Name, sorted(split["email"]))
    yield from map(x509.UniformResourceIdentifier, sorted(split["uri"]))
