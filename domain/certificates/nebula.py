"""Nebula certificates, and what step-ca asks of them (step-ca, provisioner/nebula.go; Nebula's package cert)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, TypeAlias

import attrs

from domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Interface, IPv6Interface

    from domain.keys.jwk import PublicJwk

Network: TypeAlias = "IPv4Interface | IPv6Interface"
"""An address with the length of its network's prefix."""


@attrs.frozen(kw_only=True, eq=False)
class NebulaCertificate:
    """A Nebula certificate, as far as a token needs it.

    Attributes:
        body: What stands in base64 in its PEM: protobuf (version 1) or DER (version 2).
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

    def names(self) -> list[str]:
        """Return the names that step-ca issues certificates for by it: its own, and its addresses."""
        return [self.name, *(str(network.ip) for network in self.networks)]


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
                "ask for these names alone, or use another certificate",
            )


def _canonical(name: str) -> str | None:
    """Return an IP address as it is usually written, IPv4 in IPv6 as IPv4, None for any other name."""
    try:
        address = ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return None if "%" in name else str(mapped or address)
