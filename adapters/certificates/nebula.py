"""Nebula certificates, read by hand (github.com/slackhq/nebula/cert).

Version 1 is in protobuf (cert_v1.go and cert_v1.proto), version 2 in DER (cert_v2.go). Strict: each value has one
spelling, nothing is left over, and what Nebula itself refuses is refused.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any

from domain.certificates.nebula import CURVE25519, NebulaCertificate, Network, check_networks, check_time, read_key
from domain.errors import InputError
from domain.formats.der import DerValues
from domain.formats.duration import NANOSECONDS
from domain.formats.pem import decode_pem, split_pem
from domain.formats.protobuf import split_fields, split_varints

MAX_BODY_BYTES = 65_536
"""The longest that Nebula takes (cert_v2.go, MaxCertificateSize)."""

_MAX_SHOWN = 4
"""More labels of PEM blocks than that are not shown."""

_DETAILS_FIELDS = {
    "name": 1, "ips": 2, "subnets": 3, "groups": 4, "begin": 5, "end": 6, "key": 7, "is_ca": 8, "issuer": 9,
    "curve": 100,
}  # fmt: skip
"""The details' fields by their numbers (cert_v1.proto)."""

_DETAILS_NUMBERS = frozenset({5, 6, 8, 100})
_REPEATED = frozenset({4})

_MAX_NAME_BYTES = 253

_SEQUENCE, _OCTETS, _TEXT = 0x30, 0x04, 0x0C
_DETAILS, _CURVE, _KEY, _SIGNATURE = 0xA0, 0x81, 0x82, 0x83
_NAME, _NETWORKS, _UNSAFE_NETWORKS, _GROUPS, _IS_CA, _BEGIN_TIME, _END_TIME, _ISSUER = (
    0x80, 0xA1, 0xA2, 0xA3, 0x84, 0x85, 0x86, 0x87,
)  # fmt: skip
"""Tags (cert_v2.go): context-specific, constructed where they hold more values."""


def read_nebula(data: bytes) -> NebulaCertificate:
    """Return the Nebula certificate in `data` (see `domain.certificates.ports.Certificates`).

    A body alone does not say its version: step-ca tries the first, then the second.
    """
    blocks = split_pem(data)
    if len(blocks) > 1 or (blocks and (blocks[0][0] not in _READERS or blocks[0][1] is None)):
        listed = ", ".join(sorted({label for label, _ in blocks})[:_MAX_SHOWN])
        several = f"it holds {len(blocks)} PEM blocks" if len(blocks) > 1 else "it cannot be read as PEM"
        raise InputError(f"{several}: {listed}", "give a file with one NEBULA CERTIFICATE, of version 1 or 2")
    try:
        if blocks:
            [(label, body)] = blocks
            certificate = _read_body(decode_pem(body), _READERS[label])
        else:
            certificate = _read_body(data, *_READERS.values())
        check_networks(certificate)
        return certificate
    except ValueError as error:
        fix = "give one that nebula-cert has made"
        raise InputError(f"it is not a Nebula certificate that can be read: {error}", fix) from error


def _read_body(body: bytes, *readers: Callable[[bytes], NebulaCertificate]) -> NebulaCertificate:
    """Return what the first reader that can makes of the body, or raise what the last one does."""
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise ValueError(f"it is {len(body)} bytes long, and may only be 1 to {MAX_BODY_BYTES}")
    *others, last = readers
    for read in others:
        with suppress(ValueError):
            return read(body)
    return last(body)


def _read_version_1(body: bytes) -> NebulaCertificate:
    """Return the certificate of version 1 in `body`, or raise a ValueError."""
    outer = _read_message(body, frozenset({1, 2}), frozenset())
    if set(outer) != {1, 2}:
        raise ValueError("details or signature are missing")
    (signed,), (signature,) = outer[1], outer[2]
    found = _read_message(signed, frozenset(_DETAILS_FIELDS.values()), _DETAILS_NUMBERS)
    details = {name: found.get(number, []) for name, number in _DETAILS_FIELDS.items()}
    return NebulaCertificate(
        body=body,
        version=1,
        name=_first(details["name"], b"").decode("utf-8"),
        networks=_read_masked(_first(details["ips"], b"")),
        unsafe_networks=_read_masked(_first(details["subnets"], b"")),
        groups=tuple(group.decode("utf-8") for group in details["groups"]),
        is_ca=bool(details["is_ca"]),
        not_before=check_time(_first(details["begin"], 0)) * NANOSECONDS,
        not_after=check_time(_first(details["end"], 0)) * NANOSECONDS + 1,  # that instant still counts
        public=read_key(_first(details["curve"], CURVE25519), _first(details["key"], b""), bool(details["is_ca"])),
        issuer=_first(details["issuer"], b"").hex(),
        fingerprint=sha256(body).hexdigest(),
        signed=signed,
        signature=signature,
    )


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
    """Return the addresses and masks, which alternate."""
    words = list(split_varints(packed))
    if len(words) % 2 or any(word >> 32 for word in words):
        raise ValueError("an address is too long, or has no mask")
    return tuple(_mask(address, mask) for address, mask in zip(words[::2], words[1::2], strict=True))


def _mask(address: int, mask: int) -> IPv4Interface:
    prefix = 32 - (mask ^ 0xFFFFFFFF).bit_length()
    if mask != (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF:
        raise ValueError("a mask is not contiguous")
    return IPv4Interface((address, prefix))


def _read_version_2(body: bytes) -> NebulaCertificate:
    """Return the certificate of version 2 in `body`, or raise a ValueError."""
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
        raise ValueError("its name, its curve or its CA flag has the wrong length")
    signed = raw_details + curve + key
    return NebulaCertificate(
        body=body,
        version=2,
        name=name.decode("utf-8"),
        networks=_read_prefixes(networks),
        unsafe_networks=_read_prefixes(unsafe_networks),
        groups=tuple(group.decode("utf-8") for group in DerValues(groups).take_all(_TEXT)),
        is_ca=is_ca != b"\0",
        not_before=check_time(_read_time(details.take(_BEGIN_TIME))) * NANOSECONDS,
        not_after=check_time(_read_time(details.take(_END_TIME))) * NANOSECONDS + 1,  # that instant still counts
        public=read_key(curve[0], key, is_ca != b"\0"),
        issuer=details.take_optional(_ISSUER, b"").hex(),
        fingerprint=sha256(signed + signature).hexdigest(),
        signed=signed,
        signature=signature,
    )


def _read_prefixes(data: bytes) -> tuple[Network, ...]:
    networks = [_read_prefix(octets) for octets in DerValues(data).take_all(_OCTETS)]
    if len(set(networks)) != len(networks):
        raise ValueError("a network appears twice")
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
    return int.from_bytes(octets, "big", signed=True)


_READERS = {"NEBULA CERTIFICATE": _read_version_1, "NEBULA CERTIFICATE V2": _read_version_2}
"""By the label of a PEM block."""
