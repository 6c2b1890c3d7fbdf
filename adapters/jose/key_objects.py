"""Keys as `cryptography` has them, and as the members of a JWK (RFC 7518, section 6; RFC 8037, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from domain.errors import describe_foreign, translating
from domain.formats import base64url
from domain.keys.jwk import COORDINATE_BYTES, PublicJwk, read_public_jwk

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
"""The curves that JWS has algorithms for, by their names in a JWK."""

_CURVE_NAMES = {curve.name: name for name, curve in CURVES.items()}


def read_public(key: object) -> PublicJwk:
    """Return the public JWK of a public key object.

    Raises:
        ValueError: the key is of a type that signs no tokens.
    """
    if not isinstance(key, PublicKey):
        raise ValueError(f"a key of type {type(key).__name__} signs no tokens")
    return read_public_jwk(public_members(key))


def read_public_or_none(key: object) -> PublicJwk | None:
    """Return the public JWK of a public key object, None where it is of a type that signs no tokens."""
    try:
        return read_public(key)
    except ValueError:
        return None


def public_members(key: PublicKey) -> dict[str, str]:
    """Return the members that make up the public JWK of `key`.

    Raises:
        ValueError: an EC key on a curve that JWS has no algorithm for.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve = _CURVE_NAMES.get(key.curve.name)
        if curve is None:
            raise ValueError(f"curve {key.curve.name!r} is not one of {', '.join(CURVES)}")
        numbers, size = key.public_numbers(), COORDINATE_BYTES[curve]
        x, y = (base64url.encode_number(number, size) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y}
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        e, n = map(base64url.encode_number, (rsa_numbers.e, rsa_numbers.n))
        return {"kty": "RSA", "e": e, "n": n}
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(key.public_bytes_raw())}


def load_public_key(jwk: PublicJwk) -> PublicKey:
    """Return the key object of a public JWK.

    Raises:
        ValueError: the members are no key, such as a point that is not on its curve.
    """
    members = jwk.members
    with translating(lambda error: ValueError(describe_foreign(error))):
        if members["kty"] == "EC":
            x, y = (base64url.decode_number(members[name]) for name in "xy")
            return ec.EllipticCurvePublicNumbers(x, y, CURVES[members["crv"]]).public_key()
        if members["kty"] == "RSA":
            e, n = (base64url.decode_number(members[name]) for name in "en")
            return rsa.RSAPublicNumbers(e, n).public_key()
        return ed25519.Ed25519PublicKey.from_public_bytes(base64url.decode(members["x"]))


def generate_jwk() -> dict[str, str]:
    """Return a new private P-256 JWK whose `kid` is its thumbprint, as step makes them for provisioners."""
    private_key = ec.generate_private_key(CURVES["P-256"])
    members = public_members(private_key.public_key())
    kid = read_public_jwk(members).thumbprint()
    secret = base64url.encode_number(private_key.private_numbers().private_value, COORDINATE_BYTES["P-256"])
    return members | {"alg": "ES256", "use": "sig", "kid": kid, "d": secret}
