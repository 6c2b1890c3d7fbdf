"""The address of a certificate authority, and the audiences that its tokens have.

step-ca compares an audience with its own names after dropping both ports, so a token's audience names
scheme and host as the user or ca.json write them (step-ca, authority/provisioner/collection.go).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import attrs

from domain.masking import mask_address

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    Address: TypeAlias = IPv4Address | IPv6Address

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?")
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")


@attrs.frozen(repr=False)
class CaUrl:
    """A CA's address: scheme `https`, a host, and perhaps a port.

    Attributes:
        host: A DNS name, an IPv4 address, or an IPv6 address without brackets.
        port: 1 to 65535, or None for the scheme's own.
    """

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" + ("" if self.port is None else f":{self.port}")


def escape_fragment(text: str) -> str:
    """Return `text` as it stands behind `#` in a URL that Go writes (Go, net/url, escape with encodeFragment)."""
    from urllib.parse import quote  # noqa: PLC0415  # slow to load, and few tokens have a fragment

    return quote(text, safe="$&+,/:;=?@!()*")


def parse_ca_url(text: str) -> CaUrl:
    """Return the address that `text` names: a URL, or a host with or without a port.

    Raises:
        ValueError: another scheme than https, a path, query or user name, or no proper host.
    """
    if "@" in text:
        raise ValueError("it has a user name; give only host and port")
    scheme, separator, rest = text.rpartition("://")
    if separator and scheme.lower() != "https":
        raise ValueError(f"its scheme is {scheme!r}; a CA speaks https")
    rest = rest.removesuffix("/")
    for mark, part in (("?", "a query"), ("#", "a fragment"), ("/", "a path")):
        if mark in rest:
            raise ValueError(f"it has {part}; give only host and port")
    if rest.count(":") > 1 and "[" not in rest:
        return _split_bare_ipv6(rest)
    match = _AUTHORITY.fullmatch(rest)
    if match is None:
        raise ValueError("it is not host or host:port")
    return CaUrl(check_host(match["host"]), _check_port(match["port"]))


def check_host(text: str) -> str:
    """Return the host that `text` names: a DNS name, an IPv4 address, or an IPv6 address in brackets or not.

    Raises:
        ValueError: `text` is none of them.
    """
    if text[:1] == "[" or ":" in text:
        bare = text[1:-1] if text[:1] == "[" and text[-1] == "]" else text
        if not _is_ipv6(bare):
            raise ValueError(f"{mask_address(bare)!r} is not an IPv6 address")
        return bare
    if not text:
        raise ValueError("it has no host")
    if not text.isascii():
        raise ValueError("its host is not ASCII; write it in punycode (xn--…)")
    if not _HOST.fullmatch(text):
        raise ValueError(f"{mask_address(text)!r} is not a host name")
    return text


def is_loopback(host: str) -> bool:
    """Return whether `host`, in lower case and without brackets, is this machine and no other."""
    address = read_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def read_address(text: str) -> Address | None:
    """Return the address that `text` is, an IPv4 address within IPv6 as that; None where it is none."""
    from ipaddress import ip_address  # noqa: PLC0415  # slow to load, and rarely needed

    try:
        address = ip_address(text)
    except ValueError:
        return None
    if address.version == 6:
        return None if address.scope_id is not None else address.ipv4_mapped or address
    return address


def _split_bare_ipv6(text: str) -> CaUrl:
    """Read an IPv6 address without brackets; a last group is a port where the rest alone is an address."""
    host, _, port = text.rpartition(":")
    if port.isascii() and port.isdigit() and _is_ipv6(host):
        return CaUrl(host, _check_port(port))
    return CaUrl(check_host(text))


def _check_port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 1 <= int(text) <= 65535:
        raise ValueError(f"port {text} is not 1 to 65535")
    return int(text)


def _is_ipv6(text: str) -> bool:
    return ":" in text and read_address(text) is not None
