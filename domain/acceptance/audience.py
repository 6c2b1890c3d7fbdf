"""How step-ca compares audiences: as URLs without their ports (step-ca, provisioner/collection.go, matchesAudience)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.acceptance.endpoint import LEGACY_AUDIENCE, Endpoint
from domain.ca_url import escape_fragment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?]*)(?P<path>.*)", re.DOTALL)
_HOST = re.compile(r"\[(?P<ipv6>[^\]]*)\](?::[0-9]*)?|(?P<name>[^:\[\]]*)(?::[0-9]*)?")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WELL_ESCAPED = re.compile(r"[A-Za-z0-9\-_.~!$&'()*+,;=:@\[\]/?%]*")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def matches(audiences: Iterable[str], endpoint: Endpoint, dns_names: Sequence[str], fragment: str = "") -> bool:
    """Return whether one of a token's `audiences` is one that the endpoint takes.

    Args:
        dns_names: The CA's names.
        fragment: What the provisioner's audiences have behind `#`, empty for none.
    """
    wanted = {_normalize(text) for text in _list_accepted(endpoint, dns_names, fragment)}
    return any(_normalize(audience) in wanted for audience in audiences)


def extract_fragment(audiences: Iterable[str]) -> str:
    """Return the first fragment of the audiences, decoded, empty where none has one."""
    fragments = (text.partition("#")[2] for text in audiences if _normalize(text)[1])
    return next(map(_decode, fragments), "")


def list_hosts(audiences: Iterable[str]) -> list[str]:
    """Return the hosts that the audiences name, as they are spelled, IPv6 without brackets."""
    urls = (_URL.fullmatch(_normalize(text)[0]) for text in audiences)
    return [url["host"].rpartition("@")[2] for url in urls if url]


def _list_accepted(endpoint: Endpoint, dns_names: Sequence[str], fragment: str) -> list[str]:
    hosts = [f"[{name}]" if ":" in name and name[:1] != "[" else name for name in dns_names]
    accepted = [f"https://{host}{path}" for host in hosts for path in endpoint.paths]
    if endpoint.takes_legacy_audience:
        accepted.append(LEGACY_AUDIENCE)
    return [f"{text}#{escape_fragment(fragment)}" if fragment else text for text in accepted]


def _normalize(text: str) -> tuple[str, str]:
    """Return the URL without its port, and its fragment as Go writes it; what Go takes for no URL stays as it is."""
    before, _, fragment = text.partition("#")
    if _BAD_ESCAPE.search(text) or any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return text, ""
    url = _URL.fullmatch(before)
    if url is None:
        return before, _rewrite(fragment)
    user, at, address = url["host"].rpartition("@")
    host = _HOST.fullmatch(address)
    if host is None:
        return text, ""
    return f"{url['scheme'].lower()}://{user}{at}{host['ipv6'] or host['name']}{url['path']}", _rewrite(fragment)


def _rewrite(fragment: str) -> str:
    """Return the fragment as it is where that is in order, else escaped anew (Go, net/url, EscapedFragment)."""
    return fragment if _WELL_ESCAPED.fullmatch(fragment) else escape_fragment(_decode(fragment))


def _decode(text: str) -> str:
    """Return `text` without percent escapes (RFC 3986, 2.1)."""
    return _ESCAPES.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), text)
