"""Private JWKs (RFC 7518, section 6; RFC 8037), on `cryptography`."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from adapters.jose.key_objects import CURVES
from domain.errors import KeyFormatError, describe_foreign, translating
from domain.formats import base64url
from domain.keys.jwk import COORDINATE_BYTES, check_rsa_public, complete_rsa

_CRT_MEMBERS = ("dp", "dq", "qi")


def load_jwk_key(jwk: Mapping[str, Any]) -> object:
    """Return the private key of a private JWK whose public half has been checked.

    Raises:
        KeyFormatError: the private members are missing or malformed, or are not of the public ones.
    """
    if "d" not in jwk:
        raise KeyFormatError("the JWK cannot be used: 'd' is missing: it is a public key", "give the private key")
    with translating(_explain):
        if jwk["kty"] == "EC":
            return _load_ec(jwk)
        if jwk["kty"] == "RSA":
            return _load_rsa(jwk)
        private_key = ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(jwk, "d"))
        if private_key.public_key().public_bytes_raw() != _bytes(jwk, "x"):
            raise ValueError("its private half does not match its public half")
        return private_key


def _explain(error: BaseException) -> KeyFormatError:
    return KeyFormatError(f"the JWK cannot be read: {describe_foreign(error)}", "get a good copy of it")


def _load_ec(jwk: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    secret, size = _bytes(jwk, "d"), COORDINATE_BYTES[jwk["crv"]]
    if len(secret) != size:
        raise ValueError(f"member 'd' is not {size} bytes long")
    private_key = ec.derive_private_key(int.from_bytes(secret, "big"), CURVES[jwk["crv"]])
    numbers = private_key.public_key().public_numbers()
    if [numbers.x, numbers.y] != [_number(jwk, name) for name in "xy"]:
        raise ValueError("its private half does not match its public half")
    return private_key


def _load_rsa(jwk: Mapping[str, Any]) -> rsa.RSAPrivateKey:
    """Return an RSA key; the members that only spare arithmetic may be missing, as go-jose has it."""
    if "oth" in jwk:
        raise ValueError("it has a member 'oth', for more than two primes (RFC 7518, 6.3.2.7)")
    n, e, d, p, q = (_number(jwk, name) for name in ("n", "e", "d", "p", "q"))
    check_rsa_public(n, e)
    completing = complete_rsa(n, e, d, p, q)
    if any(name in jwk and _number(jwk, name) != own for name, own in zip(_CRT_MEMBERS, completing, strict=True)):
        raise ValueError("its parts do not match")
    numbers = rsa.RSAPrivateNumbers(p, q, d, *completing, rsa.RSAPublicNumbers(e, n))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"member {name!r} is missing")
    return base64url.decode(value)


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name), "big")
