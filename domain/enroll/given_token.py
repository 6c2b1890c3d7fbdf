"""What a token says of the CA that takes it (step CLI, cautils, CertificateFlow.GetClient)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.ca.fingerprint import parse_fingerprint
from domain.ca.url import CaUrl, parse_ca_url
from domain.token.reader import read_audiences, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_ca_url(claims: Mapping[str, Any]) -> CaUrl | None:
    """Return the address in the audience of a token that is for a step-ca, None where it has none."""
    audience = next(iter(read_audiences(claims)), "")
    if not read_text(claims.get("sha")) or not audience.lower().startswith("https://"):
        return None
    try:
        return parse_ca_url("/".join(audience.split("/", 3)[:3]))
    except ValueError:
        return None


def find_root_fingerprint(claims: Mapping[str, Any]) -> str | None:
    """Return the fingerprint of the CA's root that a token names, 64 lower-case hex, None where it names none."""
    try:
        return parse_fingerprint(read_text(claims.get("sha")))
    except ValueError:
        return None
