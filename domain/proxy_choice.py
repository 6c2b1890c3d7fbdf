"""Which proxy the environment names for a CA, by the rules of Go's net/http (httpproxy.Config)."""

from collections.abc import Mapping

from domain.ca_url import CaUrl


def choose_proxy(ca_url: CaUrl, environment: Mapping[str, str]) -> str | None:
    """Return the proxy of HTTPS_PROXY, None where NO_PROXY excepts the CA or it is on this machine."""
    proxy, excepted = (environment.get(name) or environment.get(name.lower()) for name in ("HTTPS_PROXY", "NO_PROXY"))
    if not proxy or _is_this_machine(ca_url.host):
        return None
    entries = (entry.strip().lower() for entry in (excepted or "").split(","))
    return None if any(_excepts(entry, ca_url) for entry in entries if entry) else proxy


def _is_this_machine(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415  # slow to load, and rarely needed

    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _excepts(entry: str, ca_url: CaUrl) -> bool:
    """Return whether one entry of NO_PROXY (`*`, a domain, an address or a network; perhaps a port) covers the CA."""
    if entry == "*":
        return True
    in_network = _covers_address(entry, ca_url.host)
    if in_network is not None:
        return in_network
    name, colon, port = entry.rpartition(":")
    if not colon or not port.isdigit():
        name, port = entry, ""
    if port and int(port) != (ca_url.port or 443):
        return False
    host, domain = ca_url.host.lower(), name.strip("[]").removeprefix("*")
    return host == domain or host.endswith(domain if domain.startswith(".") else f".{domain}")


def _covers_address(network: str, host: str) -> bool | None:
    """Return whether `host` is an address in `network`, None where `network` is neither network nor address."""
    from ipaddress import ip_address, ip_network  # noqa: PLC0415

    try:
        covered = ip_network(network, strict=False)
    except ValueError:
        return None
    try:
        return ip_address(host) in covered
    except ValueError:
        return False
