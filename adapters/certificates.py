"""Certificates, X.509 and SSH, on `cryptography`."""

from __future__ import annotations

from binascii import Error
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, SSHCertificate, SSHCertificateType, ssh
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.certificate import Certificate, SshCertificate
from domain.duration import NANOSECONDS
from domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.jwk import PublicJwk


class CertificateReader:
    """Reads certificates (see `domain.ports.Certificates`).

    Attributes:
        read_public: A public key object to its JWK; ValueError where it is of a type that signs no tokens.
    """

    def __init__(self, read_public: Callable[[object], PublicJwk]) -> None:
        self.read_public = read_public

    def read_chain(self, data: bytes) -> list[Certificate]:
        """Return the X.509 certificates in `data`."""
        try:
            is_pem = b"-----BEGIN" in data
            found = x509.load_pem_x509_certificates(data) if is_pem else [x509.load_der_x509_certificate(data.strip())]
            issuers = [*found[1:], None]
            return [self._describe(one, issuer) for one, issuer in zip(found, issuers, strict=True)]
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputError(
                "the file holds no X.509 certificate that can be read", "give certificates in PEM"
            ) from error

    def read_ssh(self, data: bytes) -> SshCertificate:
        """Return the SSH certificate in `data`."""
        try:
            certificate = ssh.load_ssh_public_identity(data.strip())
            if not isinstance(certificate, SSHCertificate):
                raise ValueError("a key")
            wire = data.split()[1]
        except (ValueError, UnsupportedAlgorithm, Error, IndexError) as error:
            raise InputError("the file holds no SSH certificate", "give the file that ends in -cert.pub") from error
        return SshCertificate(
            wire=wire.decode("ascii"),
            serial=certificate.serial,
            is_host=certificate.type is SSHCertificateType.HOST,
            not_before=certificate.valid_after,
            not_after=certificate.valid_before,
            public=self._read_public(certificate.public_key()),
        )

    def _describe(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> Certificate:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Certificate(
            der=certificate.public_bytes(Encoding.DER),
            common_name=str(names[0].value) if names else "",
            not_before=int(certificate.not_valid_before_utc.timestamp()) * NANOSECONDS,
            not_after=(int(certificate.not_valid_after_utc.timestamp()) + 1) * NANOSECONDS,  # the last second counts
            digital_signature=_allows_signature(certificate),
            client_auth=_allows_client(certificate),
            public=self._read_public(certificate.public_key()),
            follows=issuer is None or _is_issued_by(certificate, issuer),
        )

    def _read_public(self, key: object) -> PublicJwk | None:
        try:
            return self.read_public(key)
        except ValueError:
            return None


def _allows_signature(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return False


def _allows_client(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(
        usage in usages for usage in (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    )


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
