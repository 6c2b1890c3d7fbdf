"""The public half of a key in a device: as the standard has it, as devices have it, and what is refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.jose.key_objects import public_members
from adapters.keys.pkcs11_public import describe_ec, describe_rsa

P256, ED25519 = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06032b6570")
ENCODED = ec.derive_private_key(0xC0FFEE, ec.SECP256R1()).public_key()
POINT, COMPRESSED = (
    ENCODED.public_bytes(Encoding.X962, form) for form in (PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint)
)


@pytest.mark.parametrize(
    "point",
    [POINT, b"\x04\x41" + POINT, COMPRESSED, b"\x04\x21" + COMPRESSED],
    ids=["bare", "wrapped", "compressed", "compressed and wrapped"],
)
def test_a_point_is_read_with_its_wrapping_or_without(point: bytes) -> None:
    """The standard wraps it in an OCTET STRING; some devices do not, and some compress it."""
    described = describe_ec(P256, point)
    assert described == public_members(ENCODED)
    assert described == describe_ec(P256, POINT) and described["crv"] == "P-256"
    key = bytes(range(32))
    for parameters in (ED25519, b"\x13\x0cedwards25519"):
        assert describe_ec(parameters, key) == describe_ec(ED25519, b"\x04\x20" + key)


@pytest.mark.parametrize(
    ("parameters", "point", "said"),
    [
        (bytes.fromhex("06052b8104000a"), POINT, "its curve is not one of P-256"),
        (P256, POINT[:-1], "cut off|shortest form|not one of P-256"),
        (P256, b"\x04\x40" + POINT, "left over"),
        (P256, b"\x02" + POINT[1:], "not one of P-256"),
        (P256, POINT[:-1] + bytes([POINT[-1] ^ 1]), "not one of P-256"),
        (ED25519, POINT, "cut off|shortest form|not one of Ed25519"),
        (P256, b"", "not one of P-256"),
    ],
)
def test_another_curve_or_point_is_refused(parameters: bytes, point: bytes, said: str) -> None:
    """What cannot sign a token is told by its reason."""
    with pytest.raises(ValueError, match=said):
        describe_ec(parameters, point)


def test_leading_zeros_of_an_rsa_key_are_left_out() -> None:
    """RFC 7518, section 2, has numbers in their shortest form."""
    assert describe_rsa(b"\0\0\x80\1", b"\0\1\0\1") == {"kty": "RSA", "n": "gAE", "e": "AQAB"}
