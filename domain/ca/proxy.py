"""Which proxy the environment names for a CA, by the rules of Go's net/http (golang.org/x/net/http/httpproxy)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from domain.ca.url import is_loopback, read_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

    from domain.ca.url import Address, CaUrl

    Network: TypeAlias = IPv4Network | IPv6Network

_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go takes for white space (Go, unicode.IsSpace)."""


VARIABLES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
"""What an environment says of proxies by, each name before that in lower case."""


def choose_proxy(ca_url: CaUrl, environment: Mapping[str, str]) -> str | None:
    """Return the proxy of HTTPS_PROXY, None where NO_PROXY excepts the CA or it is on this machine."""
    proxy, other_proxy, excepted, other_excepted = (environment.get(name) for name in VARIABLES)
    proxy, excepted = proxy or other_proxy, excepted or other_excepted
    if not proxy or is_loopback(ca_url.host):
        return None
    address = read_address(ca_url.host)
    entries = (_lower(entry.strip(_WHITE_SPACE)) for entry in (excepted or "").split(","))
    return None if any(_excepts(entry, ca_url, address) for entry in entries if entry) else proxy


def _excepts(entry: str, ca_url: CaUrl, address: Address | None) -> bool:
    """Return whether one entry of NO_PROXY (`*`, a network, an address or a domain; perhaps a port) covers the CA."""
    if entry == "*":
        return True
    network = _read_network(entry)
    if network is not None:
        return address is not None and address.version == network.version and address in network
    name, port = _split_port(entry)
    if port and port != str(ca_url.port or 443):
        return False
    named = read_address(name)
    if named is not None or address is not None:
        return named == address
    return _covers_domain(name, ca_url.host.lower())


def _covers_domain(name: str, host: str) -> bool:
    domain = name.removeprefix("*") if name.startswith("*.") else name
    if not domain:
        return False
    domain = domain if domain.isascii() else _write_punycode(domain)
    return host.endswith(domain if domain.startswith(".") else f".{domain}") or host == domain


def _split_port(entry: str) -> tuple[str, str]:
    """Return host and port of an entry; where it is not of such a form, all of it as host (Go, net.SplitHostPort)."""
    host, colon, port = entry.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if is_bracketed else host
    if not colon or (":" in bare and not is_bracketed) or any(mark in bare + port for mark in "[]"):
        return entry, ""
    return bare, port


def _read_network(text: str) -> Network | None:
    """Return the network that `text` is in CIDR notation (Go, net.ParseCIDR), None where it is none."""
    from ipaddress import ip_address, ip_network  # noqa: PLC0415

    written, slash, size = text.partition("/")
    digits = size.lstrip("0") or size[:1]
    if not slash or not (digits.isascii() and digits.isdigit()) or len(digits) > 3 or "%" in written:
        return None
    try:
        network = ip_network((ip_address(written), int(digits)), strict=False)
    except ValueError:
        return None
    if network.version == 6 and network.network_address.ipv4_mapped is not None:
        return ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


def _lower(text: str) -> str:
    """Return `text` in lower case, each character by itself (Go, strings.ToLower)."""
    return text.lower() if text.isascii() else "".join(character.lower()[:1] for character in text)


def _write_punycode(domain: str) -> str:
    """Return an international domain as the DNS has it (RFC 5891), as it is where it is none.

    Go's tables (idna.Lookup) refuse some domains, and drop invisible characters, that are kept here.
    """
    from unicodedata import normalize  # noqa: PLC0415

    labels = normalize("NFKC", domain).replace("\u3002", ".").split(".")
    try:
        return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    except UnicodeError:
        return domain
