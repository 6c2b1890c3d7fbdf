"""Certificates, X.509 and SSH, on `cryptography`."""

from __future__ import annotations

import re
from binascii import Error
from functools import partial
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


_DER_SEQUENCES = (b"\x30\x81", b"\x30\x82", b"\x30\x83")
"""How a certificate in DER begins: a sequence of more than 127 bytes, which no text does."""

_PEM_LABEL = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")


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
            is_der = data.startswith(_DER_SEQUENCES)
            found = [x509.load_der_x509_certificate(data)] if is_der else _load_pem(data)
            return [self._describe(certificate) for certificate in found]
        except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
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

    def _describe(self, certificate: x509.Certificate) -> Certificate:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Certificate(
            der=certificate.public_bytes(Encoding.DER),
            common_name=str(names[-1].value) if names else "",  # of several, step-ca goes by the last
            not_before=int(certificate.not_valid_before_utc.timestamp()) * NANOSECONDS,
            not_after=int(certificate.not_valid_after_utc.timestamp()) * NANOSECONDS + 1,  # that instant still counts
            digital_signature=_allows_signature(certificate),
            client_auth=_allows_client(certificate),
            public=self._read_public(certificate.public_key()),
            is_issued_by=partial(_is_issued_by, certificate),
        )

    def _read_public(self, key: object) -> PublicJwk | None:
        try:
            return self.read_public(key)
        except ValueError:
            return None


def _load_pem(data: bytes) -> list[x509.Certificate]:
    found = x509.load_pem_x509_certificates(data)
    if len(found) != len(_PEM_LABEL.findall(data)):
        raise ValueError("a certificate has a beginning and no end")  # the library would leave it out
    return found


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


def _is_issued_by(certificate: x509.Certificate, issuer: bytes) -> bool:
    try:
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
