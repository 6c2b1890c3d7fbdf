"""Certificates and requests of nearly a mebibyte, each with one thing in it very often; nobody has signed them."""

from collections.abc import Callable, Mapping, Sequence

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.forged_nebula import der
from tests.support.hostile_keys import NULL, RSADSI, integer, number, oid, p256

PROVISIONER = "1.3.6.1.4.1.37476.9000.64.1"
"""step-ca's extension that names the provisioner."""

_ALGORITHM = der(0x30, oid("1.2.840.10045.4.3.2"))
_SIGNATURE = der(0x03, b"\0", der(0x30, integer(5), integer(7)))
_VALIDITY = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"490101000000Z"))


def extension(name: str, content: bytes) -> bytes:
    """Return an extension that is not critical (RFC 5280, 4.1)."""
    return der(0x30, oid(name), der(0x04, content))


def common_names(*names: bytes) -> bytes:
    """Return a relative distinguished name of common names."""
    return der(0x31, *(der(0x30, oid("2.5.4.3"), der(0x0C, name)) for name in names))


NAME = der(0x30, common_names(b"x"))


def public_p256() -> bytes:
    """Return the SubjectPublicKeyInfo of a sound key."""
    return p256().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def compressed_p256() -> bytes:
    """Return the same with its point in compressed form."""
    point = p256().public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = der(0x30, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
    return der(0x30, algorithm, der(0x03, b"\0", point))


def public_rsa(bits: int) -> bytes:
    """Return the SubjectPublicKeyInfo of an RSA key."""
    key = der(0x30, integer(number(bits)), integer(65537))
    return der(0x30, der(0x30, oid(f"{RSADSI}.1.1.1"), NULL), der(0x03, b"\0", key))


def public_dh(bits: int) -> bytes:
    """Return the SubjectPublicKeyInfo of a DH key."""
    parameters = der(0x30, integer(number(bits)), integer(2))
    return der(0x30, der(0x30, oid(f"{RSADSI}.1.3.1"), parameters), der(0x03, b"\0", integer(number(bits - 1))))


def public_dsa(bits: int) -> bytes:
    """Return the SubjectPublicKeyInfo of a DSA key."""
    parameters = der(0x30, integer(number(bits)), integer(number(256)), integer(2))
    return der(0x30, der(0x30, oid("1.2.840.10040.4.1"), parameters), der(0x03, b"\0", integer(number(bits - 1))))


def certificate(name: bytes = NAME, extensions: Sequence[bytes] = (), key: bytes | None = None) -> bytes:
    """Return a certificate (RFC 5280, 4.1) that says to be issued by itself."""
    more = [der(0xA3, der(0x30, *extensions))] if extensions else []
    head = (der(0xA0, integer(2)), integer(1), _ALGORITHM, name, _VALIDITY, name)
    return der(0x30, der(0x30, *head, key or public_p256(), *more), _ALGORITHM, _SIGNATURE)


def request(name: bytes = NAME, extensions: Sequence[bytes] = (), key: bytes | None = None) -> bytes:
    """Return a signing request (RFC 2986, 4.1)."""
    wanted = der(0x30, oid(f"{RSADSI}.1.9.14"), der(0x31, der(0x30, *extensions)))
    attributes = der(0xA0, *([wanted] if extensions else []))
    info = der(0x30, integer(0), name, key or public_p256(), attributes)
    return der(0x30, info, _ALGORITHM, _SIGNATURE)


def _extended(name: str, values: Sequence[bytes]) -> dict[str, object]:
    return {"extensions": [extension(name, der(0x30, *values))]}


SHAPES: Mapping[str, Callable[[], dict[str, object]]] = {
    "values in the provisioner's extension": lambda: _extended(
        PROVISIONER, [b"\2\1\1\4\1x", *[b"\2\1\0"] * 340_000]),
    "values behind the provisioner's extension": lambda: {
        "extensions": [extension(PROVISIONER, b"\2\1\0" * 340_000)]},
    "levels in the provisioner's extension": lambda: {"extensions": [extension(PROVISIONER, b"\x30\x80" * 500_000)]},
    "extensions": lambda: {"extensions": [extension(f"1.3.6.1.4.1.{count}", b"x") for count in range(50_000)]},
    "names": lambda: _extended("2.5.29.17", [der(0x82, b"a%d" % count) for count in range(110_000)]),
    "usages": lambda: _extended("2.5.29.37", [oid(f"1.3.6.1.4.1.{count}") for count in range(90_000)]),
    "parts of the subject": lambda: {"name": der(0x30, *(common_names(b"%d" % count) for count in range(15_000)))},
    "values in a part of the subject": lambda: {
        "name": der(0x30, common_names(*(b"%05d" % count for count in range(17_000))))},
    "bits of an RSA key": lambda: {"key": public_rsa(7_000_000)},
    "bits of a DSA key": lambda: {"key": public_dsa(3_000_000)},
    "bits of a DH key": lambda: {"key": public_dh(3_000_000)},
    "bits of a DH key that could be one": lambda: {"key": public_dh(10_000)},
}  # fmt: skip
"""What there is very much of."""
