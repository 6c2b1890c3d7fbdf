"""Nebula certificates made by hand, of either version, with whatever in them."""

import time
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import IPv4Interface, ip_interface
from typing import Any

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HOUR = 3600


def der(tag: int, *contents: bytes) -> bytes:
    """Return an ASN.1 value in DER."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(number: int) -> bytes:
    """Return the content of an ASN.1 integer that is not negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def varint(number: int) -> bytes:
    """Return a number as Protocol Buffers write it."""
    octets = bytearray()
    while number >> 7:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*octets, number])


def field(number: int, value: int | bytes) -> bytes:
    """Return a field of a message, left out where it says nothing."""
    if not value:
        return b""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def raw_public(key: Any) -> bytes:
    """Return a public key as a Nebula certificate holds it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert isinstance(key, ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey)
    return key.public_key().public_bytes_raw()


def sign(key: Any, message: bytes) -> bytes:
    """Return a CA's signature as Nebula makes it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key.sign(message)


@attrs.frozen(kw_only=True)
class Draft:
    """A Nebula certificate before it is signed; times are seconds from now.

    Attributes:
        key: The private key whose public half stands in it.
        issuer: Fingerprint of the CA's certificate, empty for a CA's own.
    """

    key: Any
    name: str = "machine.test"
    networks: Sequence[str] = ("10.0.0.7/24",)
    unsafe_networks: Sequence[str] = ()
    groups: Sequence[str] = ()
    is_ca: bool = False
    begin: int = -300
    end: int = HOUR
    issuer: str = ""

    @property
    def curve(self) -> int:
        """1 for P-256, else 0."""
        return int(isinstance(self.key, ec.EllipticCurvePrivateKey))

    def issue(self, version: int, issuer_key: Any) -> tuple[bytes, str]:
        """Return the body of the certificate, signed, and its fingerprint."""
        return self._issue_der(issuer_key) if version == 2 else self._issue_protobuf(issuer_key)

    def _issue_der(self, issuer_key: Any) -> tuple[bytes, str]:
        now = int(time.time())
        networks, unsafe = (
            [der(4, one.ip.packed, bytes([one.network.prefixlen])) for one in map(ip_interface, texts)]
            for texts in (self.networks, self.unsafe_networks)
        )
        details = der(
            0xA0,
            der(0x80, self.name.encode()),
            der(0xA1, *networks) if networks else b"",
            der(0xA2, *unsafe) if unsafe else b"",
            der(0xA3, *(der(0x0C, group.encode()) for group in self.groups)) if self.groups else b"",
            der(0x84, b"\xff") if self.is_ca else b"",
            der(0x85, integer(now + self.begin)),
            der(0x86, integer(now + self.end)),
            der(0x87, bytes.fromhex(self.issuer)) if self.issuer else b"",
        )
        public, curve = raw_public(self.key), bytes([self.curve])
        signature = sign(issuer_key, details + curve + public)
        body = der(0x30, details, der(0x81, curve) if self.curve else b"", der(0x82, public), der(0x83, signature))
        return body, sha256(details + curve + public + signature).hexdigest()

    def _issue_protobuf(self, issuer_key: Any) -> tuple[bytes, str]:
        now = int(time.time())
        networks, unsafe = (
            b"".join(varint(int(one.ip)) + varint(int(one.netmask)) for one in map(IPv4Interface, texts))
            for texts in (self.networks, self.unsafe_networks)
        )
        details = b"".join([
            field(1, self.name.encode()), field(2, networks), field(3, unsafe),
            *(field(4, group.encode()) for group in self.groups), field(5, now + self.begin), field(6, now + self.end),
            field(7, raw_public(self.key)), field(8, int(self.is_ca)), field(9, bytes.fromhex(self.issuer)),
            field(100, self.curve),
        ])  # fmt: skip
        body = field(1, details) + field(2, sign(issuer_key, details))
        return body, sha256(body).hexdigest()


def write_pem(body: bytes, version: int) -> bytes:
    """Return a body in Nebula's PEM."""
    return write_block("NEBULA CERTIFICATE" + (" V2" if version == 2 else ""), body)


def write_block(label: str, content: bytes) -> bytes:
    """Return a PEM block."""
    return f"-----BEGIN {label}-----\n{b64encode(content).decode()}\n-----END {label}-----\n".encode()
