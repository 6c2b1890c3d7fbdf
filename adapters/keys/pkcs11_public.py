"""The public half of a key as a device describes it (PKCS#11 v3.0, 6.1 RSA and 6.3 elliptic curves)."""

import warnings

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pkcs11 import Attribute, KeyType, ObjectClass

from adapters.jose.key_objects import CURVES, public_members, read_public_or_none
from adapters.keys.pkcs11_login import Login, read_attribute
from domain.errors import InputError, KeyFormatError, describe_foreign, translating
from domain.formats import base64url
from domain.formats.der import DerValues
from domain.keys.jwk import COORDINATE_BYTES, PublicJwk, read_public_jwk

_NAMED_CURVES = {"06082a8648ce3d030107": "P-256", "06052b81040022": "P-384", "06052b81040023": "P-521"}
"""Curves by the DER of their object identifier, the value of CKA_EC_PARAMS."""

_ED25519 = ("06032b6570", "130c656477617264733235353139")
"""Ed25519, by its object identifier (RFC 8410) or by its name "edwards25519" as a PrintableString."""

_OCTETS = 0x04


def read_public_half(login: Login, published: PublicJwk | None) -> PublicJwk:
    """Return the public half of the login's key as the device has it, else as a certificate or the CA publishes it.

    Raises:
        ValueError: it is of a type that signs no tokens, or not a key at all.
        KeyFormatError: none of them has it.
    """
    public = _read_objects(login) or _read_certificates(login) or published
    if public is None:
        raise KeyFormatError(
            "the device has only its private half", "put the public key or a certificate with the same id there"
        )
    if published is not None and public.thumbprint() == published.thumbprint():
        return published  # with its algorithm
    return public


def describe_ec(parameters: bytes, point: bytes) -> dict[str, str]:
    """Return the public JWK of an EC or Edwards key by CKA_EC_PARAMS and CKA_EC_POINT.

    Raises:
        ValueError: the curve is not one that signs tokens, or the point is not on it.
    """
    identifier = parameters.hex()
    curve = "Ed25519" if identifier in _ED25519 else _NAMED_CURVES.get(identifier)
    if curve is None:
        raise ValueError(f"its curve is not one of {', '.join(_NAMED_CURVES.values())}, Ed25519")
    size = 1 + 2 * COORDINATE_BYTES[curve] if curve in CURVES else 32
    if len(point) != size and point[:1] == bytes([_OCTETS]):  # some devices leave the wrapping away
        wrapped = DerValues(point)
        point = wrapped.take(_OCTETS)
        wrapped.end()
    with translating(lambda error: ValueError(f"its public point is not one of {curve}: {describe_foreign(error)}")):
        if curve not in CURVES:
            return public_members(ed25519.Ed25519PublicKey.from_public_bytes(point))
        return public_members(ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], point))


def describe_rsa(modulus: bytes, exponent: bytes) -> dict[str, str]:
    """Return the public JWK of an RSA key by CKA_MODULUS and CKA_PUBLIC_EXPONENT, big-endian."""
    n, e = (base64url.encode_number(int.from_bytes(octets, "big")) for octets in (modulus, exponent))
    return {"kty": "RSA", "n": n, "e": e}


def _read_objects(login: Login) -> PublicJwk | None:
    """Return the key that the public key object has, or of an RSA key the private one; None where neither has it."""
    kind = read_attribute(login.private, Attribute.KEY_TYPE)
    if kind not in (KeyType.EC, KeyType.EC_EDWARDS, KeyType.RSA):
        raise ValueError("it is not an EC, RSA or Ed25519 key")
    is_rsa = kind == KeyType.RSA
    fields = (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT) if is_rsa else (Attribute.EC_PARAMS, Attribute.EC_POINT)
    for found in (*login.companions(ObjectClass.PUBLIC_KEY), login.private):
        first, second = (read_attribute(found, field) for field in fields)
        if first and second and read_attribute(found, Attribute.KEY_TYPE) == kind:
            return read_public_jwk((describe_rsa if is_rsa else describe_ec)(first, second))
    return None


def _read_certificates(login: Login) -> PublicJwk | None:
    """Return the key of the first certificate that has one of a type that signs tokens."""
    for found in login.companions(ObjectClass.CERTIFICATE):
        der = read_attribute(found, Attribute.VALUE)
        public = None if der is None else _read_certificate(der)
        if public is not None:
            return public
    return None


def _read_certificate(der: bytes) -> PublicJwk | None:
    from cryptography import x509  # noqa: PLC0415  # slow to load, and seldom needed

    what, fix = "the certificate beside it cannot be read", "store a valid one"
    with translating(lambda _: InputError(what, fix)), warnings.catch_warnings(action="ignore"):  # kept off stderr
        return read_public_or_none(x509.load_der_x509_certificate(der).public_key())
