"""X.509 certificates, on `cryptography`."""

import warnings
from functools import partial
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.jose.key_objects import read_public_or_none
from domain.certificates.x509_and_ssh import Certificate
from domain.errors import InputError, succeeds, translating
from domain.formats.der import DerValues
from domain.formats.duration import NANOSECONDS
from domain.formats.go_url import read_address, rewrite_or_keep
from domain.formats.pem import decode_pem, split_pem

_DER_SEQUENCES = (b"\x30\x81", b"\x30\x82", b"\x30\x83")
"""How a certificate in DER begins: a sequence of more than 127 bytes, which no text does."""

_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
_SERVER_USAGES = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_CLIENT_USAGES = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_PROVISIONER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.37476.9000.64.1")


def read_chain(data: bytes) -> list[Certificate]:
    """Return the X.509 certificates in `data` (see `domain.certificates.ports.Certificates`)."""
    what, fix = "the file holds no X.509 certificate that can be read", "give certificates in PEM"
    with translating(lambda _: InputError(what, fix)), warnings.catch_warnings(action="ignore"):  # kept off stderr
        is_der = data.startswith(_DER_SEQUENCES)
        ders = [data] if is_der else [decode_pem(body) for label, body in split_pem(data) if label in _LABELS]
        if not ders:
            raise ValueError("none")
        return [_describe(x509.load_der_x509_certificate(der)) for der in ders]


def _describe(certificate: x509.Certificate) -> Certificate:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        der=certificate.public_bytes(Encoding.DER),
        subject_name=certificate.subject.public_bytes(),
        issuer_name=certificate.issuer.public_bytes(),
        common_name=str(names[-1].value) if names else "",  # of several, step-ca goes by the last
        not_before=int(certificate.not_valid_before_utc.timestamp()) * NANOSECONDS,
        not_after=int(certificate.not_valid_after_utc.timestamp()) * NANOSECONDS + 1,  # that instant still counts
        public=read_public_or_none(certificate.public_key()),
        is_issued_by=lambda issuer: succeeds(
            lambda: certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
        ),
        key_fingerprint=fingerprint_key(certificate),
        serial=certificate.serial_number,
        **_read_extensions(certificate),
    )


def fingerprint_key(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Return the SHA-256 of the key as it stands in a certificate or a request, lower-case hex."""
    return sha256(holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _read_extensions(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what a certificate says of its use and its place in a chain, and which provisioner gave it."""
    found: dict[str, Any] = {"digital_signature": False, "client_auth": True, "has_open_questions": False}
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            found |= {"digital_signature": value.digital_signature, "signs_certificates": value.key_cert_sign}
        elif isinstance(value, x509.ExtendedKeyUsage):
            found |= {
                "client_auth": not _CLIENT_USAGES.isdisjoint(value),
                "server_auth": not _SERVER_USAGES.isdisjoint(value),
            }
        elif isinstance(value, x509.SubjectAlternativeName):
            found |= {"read_names": partial(_read_names, value), "read_san_extension": value.public_bytes}
        elif isinstance(value, x509.BasicConstraints):
            found |= {"is_ca": value.ca, "path_length": value.path_length}
        elif isinstance(value, x509.NameConstraints):
            found["has_open_questions"] = True
        elif isinstance(value, x509.UnrecognizedExtension):
            found["has_open_questions"] |= extension.critical
            if extension.critical:
                found["unknown_critical"] = found.get("unknown_critical", frozenset()) | {value.oid.dotted_string}
            if value.oid == _PROVISIONER_OID:
                found["provisioner"] = _read_provisioner(value.value)
    return found


def _read_names(names: x509.SubjectAlternativeName) -> dict[str, frozenset[str]]:
    read: dict[str, frozenset[str]] = {
        "dns": frozenset(names.get_values_for_type(x509.DNSName)),
        "email": frozenset(names.get_values_for_type(x509.RFC822Name)),
        "uri": frozenset(map(rewrite_or_keep, names.get_values_for_type(x509.UniformResourceIdentifier))),
    }
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return read | {"ip": frozenset(read_address(address) or address for address in addresses)}


def _read_provisioner(der: bytes) -> str | None:
    """Return the name in step-ca's provisioner extension: a sequence of type, name and more (step-ca, extension.go)."""
    try:
        fields = DerValues(DerValues(der).take(0x30))
        fields.take(0x02)
        return fields.take(0x04).decode()
    except ValueError:
        return None
