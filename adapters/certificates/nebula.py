"""Nebula certificates by hand: version 1 in protobuf, version 2 in DER (github.com/slackhq/nebula/cert).

Strict: each value has one spelling, nothing is left over, and what Nebula itself refuses is refused.
"""

from __future__ import annotations

import re
from base64 import b64decode
from hashlib import sha256
from ipaddress import IPv4Interface, IPv6Interface
from typing import TYPE_CHECKING, Any

from domain.certificates.nebula import NebulaCertificate
from domain.errors import InputError
from domain.formats import base64url
from domain.formats.der import DerValues
from domain.formats.duration import NANOSECONDS
from domain.formats.protobuf import split_fields, split_varints
from domain.formats.rfc3339 import LAST_SECOND
from domain.keys.jwk import PublicJwk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.certificates.nebula import Network

MAX_BODY_BYTES = 65_536
"""The longest that Nebula takes (cert_v2.go, MaxCertificateSize)."""

_MAX_NAME_BYTES = 253
_MAX_SHOWN = 4
"""More labels of PEM blocks than that are not told."""

_PEM = re.compile(rb"-----BEGIN (NEBULA CERTIFICATE(?: V2)?)-----\s([A-Za-z0-9+/=\s]*)-----END \1-----")
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")
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
        listed = ", ".join(sorted({label.decode() for label in labels})[:_MAX_SHOWN])
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
    return InputError(f"it is not a Nebula certificate that can be read: {error}", "give one that nebula-cert has made")


# -- Version 1: protobuf ----------------------------------------------------------------------------

_DETAILS_FIELDS = {
    "name": 1, "ips": 2, "subnets": 3, "groups": 4, "begin": 5, "end": 6, "key": 7, "is_ca": 8, "issuer": 9,
    "curve": 100,
}  # fmt: skip
"""The details' fields by their numbers (cert_v1.proto)."""

_DETAILS_NUMBERS = frozenset({5, 6, 8, 100})
_REPEATED = frozenset({4})


def _read_version_1(body: bytes) -> NebulaCertificate:
    _check_size(body)
    outer = _read_message(body, frozenset({1, 2}), frozenset())
    if set(outer) != {1, 2}:
        raise ValueError("details or signature are missing")
    (signed,), (signature,) = outer[1], outer[2]
    found = _read_message(signed, frozenset(_DETAILS_FIELDS.values()), _DETAILS_NUMBERS)
    details = {name: found.get(number, []) for name, number in _DETAILS_FIELDS.items()}
    is_ca = bool(details["is_ca"])
    certificate = NebulaCertificate(
        body=body,
        version=1,
        name=_first(details["name"], b"").decode("utf-8"),
        networks=_read_masked(_first(details["ips"], b"")),
        is_ca=is_ca,
        not_before=_check_time(_first(details["begin"], 0)) * NANOSECONDS,
        not_after=_check_time(_first(details["end"], 0)) * NANOSECONDS + 1,  # that instant still counts
        public=_read_key(_first(details["curve"], _CURVE25519), _first(details["key"], b""), is_ca),
        issuer=_first(details["issuer"], b"").hex(),
        fingerprint=sha256(body).hexdigest(),
        unsafe_networks=_read_masked(_first(details["subnets"], b"")),
        groups=tuple(group.decode("utf-8") for group in details["groups"]),
        signed=signed,
        signature=signature,
    )
    _check_networks(certificate)
    return certificate


def _read_message(data: bytes, known: frozenset[int], numbers: frozenset[int]) -> dict[int, list[Any]]:
    """Return a message's fields by number, written as Nebula writes them: in order, and none that says nothing.

    Nebula writes a certificate anew before it checks the signature, so that other spellings would not hold.

    Args:
        known: All fields that there may be.
        numbers: Those that are numbers; the rest is bytes.
    """
    found: dict[int, list[Any]] = {}
    for number, value in split_fields(data):
        is_next = number > max(found, default=0) or (number in found and number in _REPEATED)
        if number not in known or not is_next or isinstance(value, int) is not (number in numbers):
            raise ValueError(f"field {number} is unknown, of the wrong type, or out of place")
        if not value and number not in _REPEATED:
            raise ValueError(f"field {number} is empty")
        found.setdefault(number, []).append(value)
    return found


def _first(values: Sequence[Any], absent: Any) -> Any:
    return values[0] if values else absent


def _read_masked(packed: bytes) -> tuple[IPv4Interface, ...]:
    """Return the addresses and masks that stand there in turn."""
    words = list(split_varints(packed))
    if len(words) % 2 or any(word >> 32 for word in words):
        raise ValueError("an address is too long, or has no mask")
    return tuple(_mask(address, mask) for address, mask in zip(words[::2], words[1::2], strict=True))


def _mask(address: int, mask: int) -> IPv4Interface:
    prefix = 32 - (mask ^ 0xFFFFFFFF).bit_length()
    if mask != (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF:
        raise ValueError("a mask has holes")
    return IPv4Interface((address, prefix))


# -- Version 2: DER ---------------------------------------------------------------------------------

_SEQUENCE, _OCTETS, _TEXT = 0x30, 0x04, 0x0C
_DETAILS, _CURVE, _KEY, _SIGNATURE = 0xA0, 0x81, 0x82, 0x83
_NAME, _NETWORKS, _UNSAFE_NETWORKS, _GROUPS, _IS_CA, _BEGIN_TIME, _END_TIME, _ISSUER = (
    0x80, 0xA1, 0xA2, 0xA3, 0x84, 0x85, 0x86, 0x87,
)  # fmt: skip
"""Tags (cert_v2.go): context-specific, constructed where they hold more values."""


def _read_version_2(body: bytes) -> NebulaCertificate:
    _check_size(body)
    envelope = DerValues(body)
    fields = DerValues(envelope.take(_SEQUENCE))
    details = DerValues(fields.take(_DETAILS))
    raw_details = fields.data[: fields.at]
    curve, key, signature = fields.take_optional(_CURVE, b"\0"), fields.take(_KEY), fields.take(_SIGNATURE)
    envelope.end()
    fields.end()
    name, networks = details.take(_NAME), details.take_optional(_NETWORKS, b"")
    unsafe_networks, groups = details.take_optional(_UNSAFE_NETWORKS, b""), details.take_optional(_GROUPS, b"")
    is_ca = details.take_optional(_IS_CA, b"\0")
    if not 0 < len(name) <= _MAX_NAME_BYTES or len(is_ca) != 1 or len(curve) != 1:
        raise ValueError("its name, its curve or what it says of being a CA is of the wrong length")
    signed = raw_details + curve + key
    certificate = NebulaCertificate(
        body=body,
        version=2,
        name=name.decode("utf-8"),
        networks=_read_prefixes(networks),
        is_ca=is_ca != b"\0",
        not_before=_read_time(details.take(_BEGIN_TIME)) * NANOSECONDS,
        not_after=_read_time(details.take(_END_TIME)) * NANOSECONDS + 1,  # that instant still counts
        public=_read_key(curve[0], key, is_ca != b"\0"),
        issuer=details.take_optional(_ISSUER, b"").hex(),
        fingerprint=sha256(signed + signature).hexdigest(),
        unsafe_networks=_read_prefixes(unsafe_networks),
        groups=tuple(group.decode("utf-8") for group in DerValues(groups).take_all(_TEXT)),
        signed=signed,
        signature=signature,
    )
    _check_networks(certificate)
    return certificate


def _read_prefixes(data: bytes) -> tuple[Network, ...]:
    networks = [_read_prefix(octets) for octets in DerValues(data).take_all(_OCTETS)]
    if len(set(networks)) != len(networks):
        raise ValueError("a network stands there twice")
    return tuple(networks)


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
    if not octets or (octets[:1] == b"\0" and len(octets) > 1 and octets[1] < 0x80):
        raise ValueError("a time is not in its shortest form")
    return _check_time(int.from_bytes(octets, "big", signed=True))


# -- Both -------------------------------------------------------------------------------------------


def _check_size(body: bytes) -> None:
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise ValueError(f"it is {len(body)} bytes long, and may be 1 to {MAX_BODY_BYTES}")


def _check_time(seconds: int) -> int:
    if not 0 <= seconds <= LAST_SECOND:
        raise ValueError("a time before 1970 or beyond the calendar")
    return seconds


def _check_networks(certificate: NebulaCertificate) -> None:
    if not certificate.networks and not certificate.is_ca:
        raise ValueError("it is not a CA's, and has no network")
    if any(network.ip.is_unspecified for network in certificate.networks):
        raise ValueError("a network has no address")
    versions = {network.version for network in certificate.networks}
    if not certificate.is_ca and any(network.version not in versions for network in certificate.unsafe_networks):
        raise ValueError("a network behind the host is of another kind than its own")


def _read_key(curve: int, key: bytes, is_ca: bool) -> PublicJwk:
    """Return the key: what its curve is good for, a CA's for Ed25519, a host's for X25519."""
    if curve == _P256 and len(key) == _POINT_BYTES and key[0] == 4:  # an uncompressed point
        x, y = (base64url.encode(half) for half in (key[1:33], key[33:]))
        return PublicJwk({"kty": "EC", "crv": "P-256", "x": x, "y": y}, "ES256")
    if curve == _CURVE25519 and len(key) == _KEY_BYTES:
        crv, algorithm = ("Ed25519", "EdDSA") if is_ca else ("X25519", "XEdDSA")
        return PublicJwk({"kty": "OKP", "crv": crv, "x": base64url.encode(key)}, algorithm)
    raise ValueError(f"a key of {len(key)} bytes on curve {curve}")
