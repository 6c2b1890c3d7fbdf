"""The public half of a key as a device describes it (PKCS#11 v3.0, 6.1 RSA and 6.3 elliptic curves)."""

from __future__ import annotations

from domain.formats import base64url
from domain.keys.jwk import COORDINATE_BYTES

_NAMED_CURVES = {
    "06082a8648ce3d030107": "P-256",
    "06052b81040022": "P-384",
    "06052b81040023": "P-521",
}
"""Curves by the DER of their object identifier, the value of CKA_EC_PARAMS."""

_ED25519 = ("06032b6570", "130c656477617264733235353139")
"""Ed25519, by its object identifier (RFC 8410) or by its name "edwards25519" as a PrintableString."""


def describe_ec(parameters: bytes, point: bytes) -> dict[str, str]:
    """Return the public JWK of an EC or Edwards key by CKA_EC_PARAMS and CKA_EC_POINT.

    Raises:
        ValueError: the curve is none that signs tokens, or the point is none of it.
    """
    identifier = parameters.hex()
    if identifier in _ED25519:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(_unwrap(point, 32))}
    curve = _NAMED_CURVES.get(identifier)
    if curve is None:
        raise ValueError(f"its curve is none of {', '.join(_NAMED_CURVES.values())} and Ed25519")
    size = COORDINATE_BYTES[curve]
    data = _unwrap(point, 1 + 2 * size)
    if data[0] != 4:
        raise ValueError("its public point is compressed")
    x, y = data[1 : 1 + size], data[1 + size :]
    return {"kty": "EC", "crv": curve, "x": base64url.encode(x), "y": base64url.encode(y)}


def describe_rsa(modulus: bytes, exponent: bytes) -> dict[str, str]:
    """Return the public JWK of an RSA key by CKA_MODULUS and CKA_PUBLIC_EXPONENT, big-endian."""
    return {
        "kty": "RSA",
        "n": base64url.encode(modulus.lstrip(b"\0")),
        "e": base64url.encode(exponent.lstrip(b"\0")),
    }


def _unwrap(point: bytes, size: int) -> bytes:
    """Return the point out of its DER OCTET STRING; some devices leave the wrapping away."""
    if len(point) == size:
        return point
    head = bytes([0x04, size]) if size < 128 else bytes([0x04, 0x81, size])
    if len(point) != len(head) + size or not point.startswith(head):
        raise ValueError(f"its public point is not {size} bytes long")
    return point[len(head) :]
