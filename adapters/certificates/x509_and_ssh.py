"""Certificates, X.509 and SSH, on `cryptography`."""

from __future__ import annotations

import re
import warnings
from base64 import b64decode, b64encode
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    ssh,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.certificates.x509_and_ssh import Certificate, SshCertificate
from domain.errors import InputError, translating
from domain.formats.der import DerValues
from domain.formats.duration import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from domain.keys.jwk import PublicJwk


_DER_SEQUENCES = (b"\x30\x81", b"\x30\x82", b"\x30\x83")
"""How a certificate in DER begins: a sequence of more than 127 bytes, which no text does."""

_PROVISIONER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.37476.9000.64.1")
_PEM_LABEL = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")


class CertificateReader:
    """Reads certificates: the first half of the port (see `domain.certificates.ports.Certificates`).

    Attributes:
        read_public: A public key object to its JWK; ValueError where it is of a type that signs no tokens.
    """

    def __init__(self, read_public: Callable[[object], PublicJwk]) -> None:
        self.read_public = read_public

    def read_chain(self, data: bytes) -> list[Certificate]:
        """Return the X.509 certificates in `data`."""
        with _reading("the file holds no X.509 certificate that can be read", "give certificates in PEM"):
            is_der = data.startswith(_DER_SEQUENCES)
            found = [x509.load_der_x509_certificate(data)] if is_der else _load_pem(data)
            return [self._describe(certificate) for certificate in found]

    def read_ssh(self, data: bytes) -> SshCertificate:
        """Return the SSH certificate in `data`."""
        with _reading("the file holds no SSH certificate", "give the file that ends in -cert.pub"):
            words = data.split()
            line = data.strip() if len(words) != 1 else _name_algorithm(words[0])
            certificate = ssh.load_ssh_public_identity(line)
            if not isinstance(certificate, SSHCertificate):
                raise ValueError("a key")
            wire = line.split()[1]
            return SshCertificate(
                wire=wire.decode("ascii"),
                serial=certificate.serial,
                is_host=certificate.type is SSHCertificateType.HOST,
                not_before=certificate.valid_after,
                not_after=certificate.valid_before,
                public=self._read_public(certificate.public_key()),
                key_id=certificate.key_id.decode("utf-8", "replace"),
                principals=tuple(name.decode("utf-8", "replace") for name in certificate.valid_principals),
                signed_by=_find_ssh_signer(certificate),
                key_fingerprint=_fingerprint_ssh(certificate.public_key()),
            )

    def _describe(self, certificate: x509.Certificate) -> Certificate:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Certificate(
            der=certificate.public_bytes(Encoding.DER),
            subject_name=certificate.subject.public_bytes(),
            issuer_name=certificate.issuer.public_bytes(),
            common_name=str(names[-1].value) if names else "",  # of several, step-ca goes by the last
            not_before=int(certificate.not_valid_before_utc.timestamp()) * NANOSECONDS,
            not_after=int(certificate.not_valid_after_utc.timestamp()) * NANOSECONDS + 1,  # that instant still counts
            digital_signature=_allows_signature(certificate),
            client_auth=_allows_client(certificate),
            public=self._read_public(certificate.public_key()),
            is_issued_by=partial(_is_issued_by, certificate),
            **_describe_path(certificate),
        )

    def _read_public(self, key: object) -> PublicJwk | None:
        try:
            return self.read_public(key)
        except ValueError:
            return None


@contextmanager
def _reading(what: str, fix: str) -> Iterator[None]:
    """Let whatever the library has against an input be an `InputError`, and its cautions be nothing.

    It cautions of what older certificates hold, such as a serial number that is not positive, on stderr.
    """
    with translating(lambda _: InputError(what, fix)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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
        with translating(lambda _: InputError("it is not by that key")):
            certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except InputError:
        return False
    return True


def _describe_path(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what a certificate says of its place in a chain, and which provisioner gave it."""
    constraints: x509.BasicConstraints | None = None
    has_open_questions, provisioner = False, None
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            constraints = value
        elif isinstance(value, x509.NameConstraints):
            has_open_questions = True
        elif isinstance(value, x509.UnrecognizedExtension):
            has_open_questions = has_open_questions or extension.critical
            if value.oid == _PROVISIONER_OID:
                provisioner = _read_provisioner(value.value)
    return {
        "is_ca": constraints is not None and constraints.ca,
        "path_length": None if constraints is None else constraints.path_length,
        "has_open_questions": has_open_questions,
        "provisioner": provisioner,
    }


def _read_provisioner(der: bytes) -> str | None:
    """Return the name in step-ca's provisioner extension: a sequence of type, name and more (step-ca, extension.go)."""
    try:
        fields = DerValues(DerValues(der).take(0x30))
        fields.take(0x02)
        return fields.take(0x04).decode()
    except ValueError:
        return None


def _name_algorithm(wire: bytes) -> bytes:
    """Return an OpenSSH line of the base64 `wire`, whose first string is the algorithm's name (RFC 4253, 6.6)."""
    data = b64decode(wire, validate=True)
    size = int.from_bytes(data[:4], "big")
    return data[4 : 4 + size] + b" " + wire


def _find_ssh_signer(certificate: SSHCertificate) -> str:
    """Return the base64 of the key that signed an SSH certificate, empty where its signature does not hold."""
    try:
        certificate.verify_cert_signature()
    except InvalidSignature:
        return ""
    line = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return line.split()[1].decode("ascii")


def _fingerprint_ssh(key: ssh.SSHCertPublicKeyTypes) -> str:
    """Return a key's fingerprint as `ssh-keygen -L` prints it."""
    wire = b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    return "SHA256:" + b64encode(sha256(wire).digest()).decode("ascii").rstrip("=")
