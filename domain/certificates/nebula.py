"""Nebula certificates, and what step-ca asks of them (step-ca, provisioner/nebula.go; Nebula's package cert)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from domain.errors import UsageError
from domain.formats import base64url
from domain.formats.rfc3339 import LAST_SECOND, format_whole_seconds
from domain.keys.jwk import PublicJwk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Interface, IPv6Interface

    from domain.report.worded_value import WordedValue

CURVE25519, _P256 = 0, 1
"""Curves by their number (cert_v1.proto)."""

_POINT_BYTES, _KEY_BYTES = 65, 32

Network: TypeAlias = "IPv4Interface | IPv6Interface"
"""An address with the length of its network's prefix."""


@attrs.frozen(kw_only=True, eq=False)
class NebulaCertificate:
    """A Nebula certificate, as far as a token needs it.

    Attributes:
        body: What its PEM holds in base64: protobuf (version 1) or DER (version 2).
        version: 1 or 2.
        name: Of the host or the CA.
        networks: The host's addresses in its networks; for a CA, the networks that it may issue for.
        is_ca: Whether it is a Nebula CA's own.
        not_before, not_after: Nanoseconds since the epoch, UTC.
        public: Its key: P-256, X25519, or for a CA Ed25519.
        issuer: Fingerprint of the certificate of the CA that issued it, empty for a CA's own.
        fingerprint: Its own, a SHA-256 in lower-case hex.
        unsafe_networks: Networks behind the host.
        groups: For a CA, the groups that it may issue for, none for all.
        signed: What its issuer has signed.
        signature: In DER by a P-256 key, else Ed25519's.
    """

    body: bytes = attrs.field(repr=False)
    version: int
    name: str
    networks: tuple[Network, ...]
    is_ca: bool
    not_before: int
    not_after: int
    public: PublicJwk
    issuer: str = ""
    fingerprint: str = ""
    unsafe_networks: tuple[Network, ...] = ()
    groups: tuple[str, ...] = ()
    signed: bytes = attrs.field(default=b"", repr=False)
    signature: bytes = attrs.field(default=b"", repr=False)

    def span(self) -> tuple[int, int]:
        """Return when it begins and ends, in nanoseconds since the epoch, UTC."""
        return self.not_before, self.not_after

    def describe(self) -> WordedValue:
        """Return it in words and in members."""
        from domain.report.worded_value import WordedValue, join_items  # noqa: PLC0415  # only to explain

        members: dict[str, Any] = {
            "version": self.version,
            "kind": "ca" if self.is_ca else "host",
            "name": self.name,
            "networks": [str(network) for network in self.networks],
            "from": format_whole_seconds(self.not_before),
            "until": format_whole_seconds(self.not_after),
            "fingerprint": self.fingerprint,
        }
        words = (
            f"of a {'CA' if self.is_ca else 'host'}, version {self.version}, name {join_items([self.name])}, "
            f"networks {join_items(members['networks']) or 'none'}, "
            f"from {members['from']}, until {members['until']}, fingerprint {self.fingerprint}"
        )
        return WordedValue(members, words)

    def names(self) -> list[str]:
        """Return the names that step-ca issues certificates for by it: its own, and its addresses."""
        return [self.name, *(str(network.ip) for network in self.networks)]


def check_time(seconds: int) -> int:
    """Return a time in seconds since the epoch, UTC.

    Raises:
        ValueError: it is before 1970 or beyond the calendar.
    """
    if not 0 <= seconds <= LAST_SECOND:
        raise ValueError("a time before 1970 or beyond the calendar")
    return seconds


def check_networks(certificate: NebulaCertificate) -> None:
    """Check that the certificate has the networks that Nebula asks for.

    Raises:
        ValueError: it has not.
    """
    if not certificate.networks and not certificate.is_ca:
        raise ValueError("it is not a CA certificate and has no network")
    if any(network.ip.is_unspecified for network in certificate.networks):
        raise ValueError("a network has no address")
    versions = {network.version for network in certificate.networks}
    if not certificate.is_ca and any(network.version not in versions for network in certificate.unsafe_networks):
        raise ValueError("a network behind the host is of another kind than its own")


def read_key(curve: int, key: bytes, is_ca: bool) -> PublicJwk:
    """Return the key: what its curve is good for, a CA's for Ed25519, a host's for X25519.

    Raises:
        ValueError: it is not one of the curve's.
    """
    if curve == _P256 and len(key) == _POINT_BYTES and key[0] == 4:  # an uncompressed point
        x, y = (base64url.encode(half) for half in (key[1:33], key[33:]))
        return PublicJwk({"kty": "EC", "crv": "P-256", "x": x, "y": y}, "ES256")
    if curve == CURVE25519 and len(key) == _KEY_BYTES:
        crv, algorithm = ("Ed25519", "EdDSA") if is_ca else ("X25519", "XEdDSA")
        return PublicJwk({"kty": "OKP", "crv": crv, "x": base64url.encode(key)}, algorithm)
    raise ValueError(f"a key of {len(key)} bytes on curve {curve}")


def check_names(certificate: NebulaCertificate, names: Iterable[str], option: str, spelled: str) -> None:
    """Check that what a token asks for is within the certificate.

    Args:
        names: DNS names, addresses, principals.
        option: What gave the names, as the user wrote it.
        spelled: The option that named the certificate, likewise.

    Raises:
        UsageError: naming the first that is not.
    """
    allowed = certificate.names()
    for name in names:
        if name not in allowed and _canonical(name) not in allowed[1:]:
            raise UsageError(
                f"{option} {name!r} is not in {spelled}, which is for {', '.join(filter(None, allowed))}",
                "ask only for these names, or use another certificate",
            )


def _canonical(name: str) -> str | None:
    """Return an IP address as it is usually written, IPv4 in IPv6 as IPv4, None for any other name."""
    try:
        address = ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return None if "%" in name else str(mapped or address)
