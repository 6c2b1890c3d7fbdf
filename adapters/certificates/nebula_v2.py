"""Nebula certificates of version 2, in DER (github.com/slackhq/nebula/cert, cert_v2.go)."""

from hashlib import sha256
from ipaddress import IPv4Interface, IPv6Interface

from domain.certificates.nebula import NebulaCertificate, Network, check_time, read_key
from domain.formats.der import DerValues
from domain.formats.duration import NANOSECONDS

_MAX_NAME_BYTES = 253

_SEQUENCE, _OCTETS, _TEXT = 0x30, 0x04, 0x0C
_DETAILS, _CURVE, _KEY, _SIGNATURE = 0xA0, 0x81, 0x82, 0x83
_NAME, _NETWORKS, _UNSAFE_NETWORKS, _GROUPS, _IS_CA, _BEGIN_TIME, _END_TIME, _ISSUER = (
    0x80, 0xA1, 0xA2, 0xA3, 0x84, 0x85, 0x86, 0x87,
)  # fmt: skip
"""Tags (cert_v2.go): context-specific, constructed where they hold more values."""


def read_version_2(body: bytes) -> NebulaCertificate:
    """Return the certificate in `body`.

    Raises:
        ValueError: it is not one of version 2.
    """
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
