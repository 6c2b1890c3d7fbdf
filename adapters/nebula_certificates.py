"""Nebula certificates by hand: version 1 in protobuf, version 2 in DER (github.com/slackhq/nebula/cert).

Strict: each value has one spelling, nothing is left over, and what Nebula itself refuses is refused.
"""

from __future__ import annotations

import re
from base64 import b64decode
from ipaddress import IPv4Interface, IPv6Interface
from typing import TYPE_CHECKING, Any

from domain import base64url
from domain.der_values import DerValues
from domain.duration import NANOSECONDS
from domain.errors import InputError
from domain.jwk import PublicJwk
from domain.nebula_certificate import NebulaCertificate
from domain.protobuf_fields import BYTES, VARINT, split_fields, split_varints

if TYPE_CHECKING:
    from domain.nebula_certificate import Network

MAX_BODY_BYTES = 65_536
"""The longest that Nebula takes (cert_v2.go, MaxCertificateSize)."""

_MAX_NAME_BYTES = 253
_PEM = re.compile(rb"-----BEGIN (NEBULA CERTIFICATE(?: V2)?)-----\s([A-Za-z0-9+/=\s]*)-----END \1-----")
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_POINT_BYTES, _KEY_BYTES = 65, 32
_CURVE25519, _P256 = 0, 1


def read_nebula(data: bytes) -> NebulaCertificate:
    """Return the Nebula certificate in `data`, PEM, or its body alone, as a token's header carries it.

    Raises:
        InputError: there is none or several, or it cannot be read.
    """
    labels = _BEGIN.findall(data)
    if not labels:
        return _read_body(data)
    found = _PEM.findall(data)
    if len(labels) != 1 or len(found) != 1:
        listed = ", ".join(sorted({label.decode() for label in labels}))
        several = f"it holds {len(labels)} PEM blocks" if len(labels) > 1 else "it cannot be read as PEM"
        raise InputError(f"{several}: {listed}", "give a file with one NEBULA CERTIFICATE, of version 1 or 2")
    label, text = found[0]
    try:
        body = b64decode(b"".join(text.split()), validate=True)
        return _read_version_2(body) if label.endswith(b"V2") else _read_version_1(body)
    except ValueError as error:
        raise _unreadable(error) from error


def _read_body(body: bytes) -> NebulaCertificate:
    """Return the certificate whose version nobody tells: step-ca tries the first, then the second."""
    try:
        return _read_version_1(body)
    except ValueError:
        pass
    try:
        return _read_version_2(body)
    except ValueError as error:
        raise _unreadable(error) from error


def _unreadable(error: ValueError) -> InputError:
    return InputError(f"it is no Nebula certificate that can be read: {error}", "give one that nebula-cert has made")


# -- Version 1: protobuf ----------------------------------------------------------------------------

_DETAILS_FIELDS = {1: BYTES, 4: BYTES, 5: VARINT, 6: VARINT, 7: BYTES, 8: VARINT, 9: BYTES, 100: VARINT}
"""The fields of the details and their wire types (cert_v1.proto), but for addresses, which have two."""

_IPS, _SUBNETS, _GROUPS = 2, 3, 4


def _read_version_1(body: bytes) -> NebulaCertificate:
    _check_size(body)
    outer = dict[int, Any]()
    for number, value in split_fields(body):
        if number not in (1, 2) or number in outer or not isinstance(value, bytes):
            raise ValueError(f"field {number} is unknown, repeated or of the wrong type")
        outer[number] = value
    if set(outer) != {1, 2}:
        raise ValueError("details or signature are missing")
    details, words = _read_details(outer[1])
    if len(words[_IPS]) % 2 or len(words[_SUBNETS]) % 2:
        raise ValueError("an address has no mask")
    is_ca = bool(details.get(8, 0))
    certificate = NebulaCertificate(
        body=body,
        version=1,
        name=details.get(1, b"").decode("utf-8"),
        networks=tuple(_read_masked(*pair) for pair in zip(words[_IPS][::2], words[_IPS][1::2], strict=True)),
        is_ca=is_ca,
        not_before=_signed(details.get(5, 0)) * NANOSECONDS,
        not_after=_signed(details.get(6, 0)) * NANOSECONDS + 1,  # that instant still counts
        public=_read_key(details.get(100, _CURVE25519), details.get(7, b""), is_ca),
        issuer=details.get(9, b"").hex(),
    )
    _check_networks(certificate)
    return certificate


def _read_details(data: bytes) -> tuple[dict[int, Any], dict[int, list[int]]]:
    """Return the fields that stand once, and the addresses and masks of the two that stand any number of times."""
    single: dict[int, Any] = {}
    words: dict[int, list[int]] = {_IPS: [], _SUBNETS: []}
    for number, value in split_fields(data):
        if number in words:
            words[number] += list(split_varints(value)) if isinstance(value, bytes) else [value]
            continue
        wanted = _DETAILS_FIELDS.get(number)
        if wanted is None or isinstance(value, bytes) is not (wanted == BYTES):
            raise ValueError(f"field {number} of the details is unknown or of the wrong type")
        if number in single and number != _GROUPS:
            raise ValueError(f"field {number} of the details stands there twice")
        single[number] = value
    if any(word >> 32 for word in (*words[_IPS], *words[_SUBNETS])):
        raise ValueError("an address of more than 32 bits")
    return single, words


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _read_masked(address: int, mask: int) -> IPv4Interface:
    prefix = 32 - (mask ^ 0xFFFFFFFF).bit_length()
    if mask != (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF:
        raise ValueError("a mask has holes")
    return IPv4Interface((address, prefix))


# -- Version 2: DER ---------------------------------------------------------------------------------

_SEQUENCE, _OCTETS = 0x30, 0x04
_DETAILS, _CURVE, _KEY, _SIGNATURE = 0xA0, 0x81, 0x82, 0x83
_NAME, _NETWORKS, _UNSAFE_NETWORKS, _GROUP_LIST, _IS_CA, _BEGIN_TIME, _END_TIME, _ISSUER = (
    0x80, 0xA1, 0xA2, 0xA3, 0x84, 0x85, 0x86, 0x87,
)  # fmt: skip
"""Tags (cert_v2.go): context-specific, constructed where they hold more values."""

_MAX_TIME_BYTES = 8


def _read_version_2(body: bytes) -> NebulaCertificate:
    _check_size(body)
    envelope = DerValues(body)
    fields = DerValues(envelope.take(_SEQUENCE))
    details = DerValues(fields.take(_DETAILS))
    curve, key = fields.take_optional(_CURVE, b"\0"), fields.take(_KEY)
    fields.take(_SIGNATURE)
    envelope.end()
    fields.end()
    name, networks = details.take(_NAME), details.take_optional(_NETWORKS, b"")
    if not 0 < len(name) <= _MAX_NAME_BYTES:
        raise ValueError(f"its name is not 1 to {_MAX_NAME_BYTES} bytes long")
    for tag in (_UNSAFE_NETWORKS, _GROUP_LIST):
        details.take_optional(tag, b"")
    is_ca = details.take_optional(_IS_CA, b"\0") != b"\0"
    certificate = NebulaCertificate(
        body=body,
        version=2,
        name=name.decode("utf-8"),
        networks=tuple(_read_prefix(octets) for octets in DerValues(networks).take_all(_OCTETS)),
        is_ca=is_ca,
        not_before=_read_time(details.take(_BEGIN_TIME)) * NANOSECONDS,
        not_after=_read_time(details.take(_END_TIME)) * NANOSECONDS + 1,  # that instant still counts
        public=_read_key(int.from_bytes(curve, "big"), key, is_ca),
        issuer=details.take_optional(_ISSUER, b"").hex(),
    )
    _check_networks(certificate)
    return certificate


def _read_prefix(octets: bytes) -> Network:
    """Return an address and its prefix length: 4 or 16 bytes and one."""
    address, length = octets[:-1], octets[-1:]
    if len(address) == 4:
        return IPv4Interface((address, length[0]))
    if len(address) != 16:
        raise ValueError(f"a network of {len(octets)} bytes")
    network = IPv6Interface((address, length[0]))
    if network.ipv4_mapped is not None:
        raise ValueError("an IPv4 address in an IPv6 one")
    return network


def _read_time(octets: bytes) -> int:
    if not 0 < len(octets) <= _MAX_TIME_BYTES:
        raise ValueError(f"a time of {len(octets)} bytes")
    return int.from_bytes(octets, "big", signed=True)


# -- Both -------------------------------------------------------------------------------------------


def _check_size(body: bytes) -> None:
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise ValueError(f"it is {len(body)} bytes long, and may be 1 to {MAX_BODY_BYTES}")


def _check_networks(certificate: NebulaCertificate) -> None:
    if not certificate.networks and not certificate.is_ca:
        raise ValueError("it is no CA's, and has no network")
    if any(network.ip.is_unspecified for network in certificate.networks):
        raise ValueError("a network has no address")


def _read_key(curve: int, key: bytes, is_ca: bool) -> PublicJwk:
    """Return the key: what its curve is good for, a CA's for Ed25519, a host's for X25519."""
    if curve == _P256 and len(key) == _POINT_BYTES and key[0] == 4:  # an uncompressed point
        x, y = (base64url.encode(half) for half in (key[1:33], key[33:]))
        return PublicJwk({"kty": "EC", "crv": "P-256", "x": x, "y": y}, "ES256")
    if curve == _CURVE25519 and len(key) == _KEY_BYTES:
        crv, algorithm = ("Ed25519", "EdDSA") if is_ca else ("X25519", "XEdDSA")
        return PublicJwk({"kty": "OKP", "crv": crv, "x": base64url.encode(key)}, algorithm)
    raise ValueError(f"a key of {len(key)} bytes on curve {curve}")
