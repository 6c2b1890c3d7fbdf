"""How step-ca compares audiences: as URLs without their ports (step-ca, provisioner/collection.go, matchesAudience)."""

from collections.abc import Iterable, Iterator, Sequence

from domain.ca_rules.endpoint import LEGACY_AUDIENCE, Endpoint
from domain.formats.go_url import GoUrl, parse_url


def matches(audiences: Iterable[str], endpoint: Endpoint, dns_names: Sequence[str], fragment: str = "") -> bool:
    """Return whether one of a token's `audiences` is one that the endpoint takes (see `matches_any`)."""
    return matches_any(audiences, (endpoint,), dns_names, fragment)


def matches_any(
    audiences: Iterable[str], endpoints: Iterable[Endpoint], dns_names: Sequence[str], fragment: str = ""
) -> bool:
    """Return whether one of a token's `audiences` is one that one of the endpoints takes.

    Args:
        dns_names: The CA's names.
        fragment: What the provisioner's audiences have behind `#`, empty for none.
    """
    wanted = {_strip_port(text) for endpoint in endpoints for text in _list_accepted(endpoint, dns_names, fragment)}
    return any(_strip_port(audience) in wanted for audience in dict.fromkeys(audiences) if _may_be_accepted(audience))


def extract_fragment(audiences: Iterable[str]) -> str:
    """Return the first fragment of the audiences, decoded, empty where none has one."""
    urls = (_parse(audience) for audience in audiences if "#" in audience)
    found = next((url.fragment for url in urls if url is not None and url.fragment), b"")
    return found.decode("utf-8", "surrogateescape")


def list_hosts(audiences: Iterable[str]) -> list[str]:
    """Return the hosts that the audiences name, as they are spelled, IPv6 without brackets."""
    urls = (_parse(audience) for audience in audiences)
    hosts = (url.hostname().decode("utf-8", "surrogateescape") for url in urls if url is not None)
    return [host for host in hosts if host]


def _list_accepted(endpoint: Endpoint, dns_names: Sequence[str], fragment: str) -> Iterator[str]:
    hosts = [f"[{name}]" if ":" in name and name[:1] != "[" else name for name in dns_names]
    accepted = [f"https://{host}{path}" for host in hosts for path in endpoint.paths]
    if endpoint.takes_legacy_audience:
        accepted.append(LEGACY_AUDIENCE)
    for text in accepted:
        url = _parse(text) if fragment else None
        yield text if url is None else url.with_fragment(fragment)


def _may_be_accepted(audience: str) -> bool:
    """Tell whether an audience begins like one that is accepted: a token may have a hundred thousand others."""
    return audience[:6].lower() == "https:" or audience.lstrip("/").startswith(LEGACY_AUDIENCE)


def _strip_port(text: str) -> str:
    """Return the URL without its port, as Go writes it; what Go takes for no URL stays as it is."""
    url = _parse(text)
    return text if url is None else url.without_port()


def _parse(text: str) -> GoUrl | None:
    try:
        return parse_url(text)
    except ValueError:
        return None
