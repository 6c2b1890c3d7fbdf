"""Certificate signing requests (RFC 2986) and bare public keys, on `cryptography`."""

import warnings
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from adapters.certificates.x509 import fingerprint_key
from adapters.jose.key_objects import read_public
from domain.certificates.x509_and_ssh import CertificateRequest
from domain.errors import InputError, describe_foreign, translating
from domain.formats import base64url
from domain.formats.pem import decode_pem, is_pem, split_pem
from domain.keys.jwk import MIN_RSA_BITS, PublicJwk

_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_GO_CURVES = ("secp224r1", "secp256r1", "secp384r1", "secp521r1")
"""The curves that Go's crypto/x509 reads."""


def read_request(data: bytes) -> CertificateRequest:
    """Return the certificate signing request in `data` (see `domain.certificates.ports.Certificates`)."""
    what, fix = "it holds no certificate signing request that can be read", "give one CSR in PEM or DER"
    with translating(lambda _: InputError(what, fix)), warnings.catch_warnings(action="ignore"):  # kept off stderr
        if is_pem(data):
            data = next(decode_pem(body) for label, body in split_pem(data) if label in _LABELS)
        return _describe_request(x509.load_der_x509_csr(data))


def fingerprint_request(data: bytes) -> str:
    """Return the SHA-256 of the one request in `data` (see `domain.certificates.ports.Certificates`; RFC 2986, 3)."""
    labels = [label for label, _ in split_pem(data)]
    found = [label for label in labels if label in _LABELS]
    if len(found) > 1:
        raise InputError("it holds several certificate signing requests", "give one CSR in PEM or DER")
    if not found and "CERTIFICATE" in labels:
        raise InputError("it holds a certificate, not a certificate signing request", "give the CSR in PEM or DER")
    request = read_request(data)
    if not request.is_signed:
        raise InputError("the CSR is not signed by its own key", "make the CSR again")
    return request.fingerprint


def read_public_keys(data: bytes) -> list[PublicJwk]:
    """Return the public keys in `data` (see `domain.certificates.ports.Certificates`)."""

    def explain(error: BaseException) -> InputError:
        return InputError(f"a public key cannot be read: {describe_foreign(error)}", "give public keys in PEM")

    with translating(explain):
        ders = [decode_pem(body) for label, body in split_pem(data) if label == "PUBLIC KEY"]
        return [read_public(load_der_public_key(der)) for der in ders]


def _describe_request(request: x509.CertificateSigningRequest) -> CertificateRequest:
    common_names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    names = _read_names(request)
    key, takes_key = _judge_key(request)
    der = request.public_bytes(Encoding.DER)
    return CertificateRequest(
        der=der,
        fingerprint=base64url.encode_sha256(der),
        common_name=str(common_names[-1].value) if common_names else "",
        dns_names=tuple(names.get(x509.DNSName, ())),
        ip_addresses=tuple(map(str, names.get(x509.IPAddress, {}).values())),
        emails=tuple(names.get(x509.RFC822Name, ())),
        uris=tuple(names.get(x509.UniformResourceIdentifier, ())),
        is_signed=request.is_signature_valid,
        key=key,
        takes_key=takes_key,
        key_fingerprint=fingerprint_key(request) if takes_key else "",
    )


def _read_names(request: x509.CertificateSigningRequest) -> dict[type[x509.GeneralName], dict[Any, Any]]:
    """Return the names by their type, each once: there may be a quarter of a million equal ones.

    Addresses are found by their bytes, which are had in a fraction of the time that their text and their hash take.
    """
    names: dict[type[x509.GeneralName], dict[Any, Any]] = {}
    try:
        listed = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return names
    for name in listed:
        value = name.value
        names.setdefault(type(name), {})[getattr(value, "packed", value)] = value
    return names


def _judge_key(request: x509.CertificateSigningRequest) -> tuple[str, bool]:
    """Return what the key is, and whether step-ca signs for it (step-ca, provisioner/sign_options.go)."""
    try:
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "a key of an unknown type", False
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA of {key.key_size} bits", key.key_size >= MIN_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC on {key.curve.name}", key.curve.name in _GO_CURVES
    return type(key).__name__, isinstance(key, ed25519.Ed25519PublicKey)
